"""The AsyncAPI document is judged by the official parser: what strangers' tools will make of it (N1)."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shared.contracts import publishing
from shared.contracts.catalogue import CONTRACTS
from shared.contracts.topics import TOPICS, Topic
from tests.support.npm import installed

CHECK = Path(__file__).parent / "asyncapi"
DOCUMENT = publishing.ROOM / "asyncapi.json"


def judged(document: Path) -> subprocess.CompletedProcess[str]:
    """Have the parser judge a document."""
    folder = installed(CHECK)
    return subprocess.run(
        ["node", "check.mjs", str(document.resolve())], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


class TestOfficialParser:
    """`@asyncapi/parser` finds neither an error nor a warning; skipped with its reason where npm or node is missing."""

    def test_the_document_is_valid(self) -> None:
        """N1: AsyncAPI 3, all topics and all types."""
        found = judged(DOCUMENT)
        assert found.returncode == 0, found.stderr
        assert json.loads(found.stdout) == {"version": "3.0.0", "channels": len(TOPICS), "messages": len(CONTRACTS)}

    def test_the_judge_bites(self, tmp_path: Path) -> None:
        """N1: a channel that names a message which is not there is an error."""
        document = json.loads(DOCUMENT.read_text("utf-8"))
        del document["components"]["messages"]["tandem_matching_pairing_closed_v1"]
        (tmp_path / "broken.json").write_text(json.dumps(document))
        found = judged(tmp_path / "broken.json")
        assert found.returncode == 1
        assert "tandem_matching_pairing_closed_v1" in found.stderr


class TestWhatItSays:
    """N1: keys, headers, retention, ordering, examples: everything that a reader needs, in one file."""

    @pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
    def test_a_channel_says_key_order_and_how_long_it_is_kept(self, topic: Topic) -> None:
        """N1: a stranger may begin at the beginning and knows what is still there."""
        channel: dict[str, Any] = json.loads(DOCUMENT.read_text("utf-8"))["channels"][topic.name]
        assert f"key {topic.key}; ordered per key by ce_sequence" in channel["description"]
        kept = channel["bindings"]["kafka"]["topicConfiguration"]
        assert (kept["cleanup.policy"] == ["compact"]) == (topic.retention is None)
        assert ("retention.ms" in kept) == (topic.retention is not None)

    def test_every_message_has_an_example_with_headers_and_data(self) -> None:
        """N1: what a record looks like, whole."""
        for name, message in json.loads(DOCUMENT.read_text("utf-8"))["components"]["messages"].items():
            (example,) = message["examples"]
            assert example["headers"]["ce_type"] == message["name"], name
            assert example["payload"], name
