"""`tandem programme preview` and `tandem skills`, against a deployment in memory."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.console import main as console
from tests.unit.console.fakes import InMemoryApi, InMemoryConnections

PREVIEW: dict[str, Any] = {
    "programme_id": "peers",
    "kind": "peer",
    "rules": {"version": 1},
    "people": {"in_pool": 40, "with_seats": 38, "who_say_no": {"hours": None, "level": 12}, "looked_at": 36},
    "reciprocity": {"share_without_wants": 0.25, "share_without_offers": 0.1, "share_with_neither": 0.05, "ceiling_of_two_way": 0.5},
    "sameness": {"histogram": [0, 8, 4, 0], "plateau_from": 0.3, "plateau_to": 0.6, "ceiling": 0.7, "neutral": {}},
    "mutual_gain": {"two_way": 0.4, "histogram_of_weaker_side": [6, 0, 3, 0]},
    "gates": {
        "pairs_looked_at": 120,
        "people_cut_off": None,
        "by_gate": [{"gate": "level-gap", "share_of_pairs": 0.125, "people_who_lose_somebody": 9, "people_cut_off": None}],
    },
}
SQL: dict[str, Any] = {
    "code": "sql",
    "labels": {"en": "SQL", "de": "SQL"},
    "also": ["Query language"],
    "broader": "databases",
    "source": "company",
    "uri": None,
}
HASKELL: dict[str, Any] = {
    "code": "haskell",
    "labels": {"en": "Haskell"},
    "also": [],
    "broader": None,
    "source": "esco",
    "uri": "http://data.europa.eu/x",
}
LISTED = {"groups": [], "skills": [SQL, HASKELL]}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> InMemoryConnections:
    """Let every command find a deployment in memory."""
    connections = InMemoryConnections(to=InMemoryApi())
    monkeypatch.setattr(console, "TargetConnections", lambda _target: connections)
    return connections


class TestPreview:
    """N5, N7: what rules do to people, before anything is applied."""

    def test_a_file_is_sent_and_shown_as_tables_and_histograms(
        self, there: InMemoryConnections, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """R13: a count that is not told is a dash; the U's places stand beside their steps."""
        (tmp_path / "peers.toml").write_text("[rules.gates]\nmaximum_level_gap = 2\n")
        there.to.answers["POST matching /programmes/peers/preview"] = PREVIEW
        assert console.main(["programme", "preview", str(tmp_path / "peers.toml"), "--seed", "3"]) == 0
        assert there.to.calls == [("POST matching /programmes/peers/preview", {"seed": 3}, {"rules": {"gates": {"maximum_level_gap": 2}}})]
        shown = capsys.readouterr().out
        for words in ("level-gap", "12.5 %", "two-way pairs, at most", "50.0 %", "rises to here", "nothing from here", "█"):
            assert words in shown

    def test_an_id_asks_for_the_rules_in_force(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """`--json` is one document."""
        there.to.answers["POST matching /programmes/peers/preview"] = PREVIEW
        assert console.main(["programme", "preview", "peers", "--json"]) == 0
        assert there.to.calls[0][2] is None
        assert json.loads(capsys.readouterr().out) == PREVIEW


class TestSkills:
    """R6: the company's list of skills."""

    @pytest.mark.parametrize(
        ("arguments", "found"),
        [(["sql"], ["sql"]), (["query"], ["sql"]), (["quer"], []), (["--source", "esco"], ["haskell"]), ([], ["sql", "haskell"])],
    )
    def test_list_finds_whole_words(
        self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str], arguments: list[str], found: list[str]
    ) -> None:
        """R17: never by substring."""
        there.to.answers["GET profile /skills/list"] = LISTED
        assert console.main(["skills", "list", *arguments, "--json"]) == 0
        assert [skill["code"] for skill in json.loads(capsys.readouterr().out)["skills"]] == found

    def test_list_shows_place_and_spellings(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """For people a table."""
        there.to.answers["GET profile /skills/list"] = LISTED
        assert console.main(["skills", "list"]) == 0
        shown = capsys.readouterr().out
        assert "databases" in shown
        assert "Query language" in shown

    def test_free_tags_come_with_what_is_written_alike(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """C: merging is a person's decision."""
        there.to.answers["GET profile /skills/free"] = [[{"code": "mathlab", "members": 7, "nearest": ["matlab"]}]]
        assert console.main(["skills", "list", "--free"]) == 0
        shown = capsys.readouterr().out
        assert "mathlab" in shown
        assert "matlab" in shown.replace("mathlab", "")

    def test_add_and_merge_say_who_followed(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """R6: the same again is told as such."""
        there.to.answers["PUT profile /skills/list/kites"] = {"changed": True, "members": 2}
        there.to.answers["POST profile /skills/list/kyte/merge"] = {"changed": False, "members": 0}
        assert console.main(["skills", "add", "kites", "--en", "Kites", "--also", "Kite flying"]) == 0
        assert console.main(["skills", "merge", "kyte", "kites"]) == 0
        assert [body for _, _, body in there.to.calls] == [{"en": "Kites", "also": ["Kite flying"]}, {"into": "kites"}]
        assert capsys.readouterr().out.splitlines() == [
            "kites is on the list; 2 members followed",
            "kyte means kites already; 0 members followed",
        ]
