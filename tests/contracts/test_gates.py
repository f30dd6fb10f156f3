"""The published language is held to its word (N1, architecture section 4)."""

import json
import re
from pathlib import Path
from typing import Any

import jsoncompat
import pytest

from shared.contracts import catalogue, publishing
from shared.contracts.base import Contract
from shared.contracts.topics import TOPICS, Kind, Topic
from tests.contracts.words import private_fields

SERVICES = Path("services")
TYPE = re.compile(r"^tandem\.(?P<service>[a-z]+)\.(?P<aggregate>[a-z-]+)\.(?P<fact>[a-z-]+)\.v[1-9][0-9]*$")
each_contract = pytest.mark.parametrize("contract", catalogue.CONTRACTS, ids=lambda contract: contract.TYPE)
each_topic = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)


def breaks(released: dict[str, Any], today: dict[str, Any]) -> bool:
    """Say whether a reader of `released` could be broken by what is written `today`."""
    before, after = ({key: value for key, value in schema.items() if key != "$id"} for schema in (released, today))
    return not jsoncompat.check_compat(json.dumps(before), json.dumps(after), "serializer")


class TestDerivedFiles:
    """What is generated is committed, and what is committed is generated."""

    def test_schemas_examples_catalogue_and_asyncapi_are_up_to_date(self) -> None:
        """N1: run `make contracts` after changing a contract."""
        stale = [path.name for path, text in publishing.derived().items() if not path.exists() or path.read_text("utf-8") != text]
        assert stale == [], f"run `make contracts`: {stale}"

    def test_no_schema_or_example_is_left_of_a_contract_that_is_gone(self) -> None:
        """N1: the folder listing is the list of events."""
        committed = {path for folder in ("schemas", "examples") for path in (publishing.ROOM / folder).glob("*.json")}
        assert committed <= publishing.derived().keys()


class TestReleasedVersions:
    """A released `v1` is never edited in a breaking way."""

    @pytest.mark.parametrize("path", sorted((publishing.ROOM / "released").glob("*.json")), ids=lambda path: path.stem)
    def test_todays_schema_serves_readers_of_the_released_one(self, path: Path) -> None:
        """N1: add `v2` beside it instead, and publish both until no `v1` consumer is left."""
        contract = catalogue.BY_TYPE.get(path.stem)
        assert contract is not None, f"{path.stem} was released and is gone"
        assert not breaks(json.loads(path.read_text("utf-8")), publishing.schema_of(contract))

    @each_contract
    def test_every_type_was_released(self, contract: type[Contract]) -> None:
        """N1: `python -m shared.contracts.publishing release` freezes a new type."""
        assert (publishing.ROOM / "released" / f"{contract.TYPE}.json").exists()

    def test_the_gate_bites_on_a_removed_and_on_a_retyped_field(self) -> None:
        """The judge itself is judged: a removed required field and a changed type both break."""
        schema = publishing.schema_of(catalogue.BY_TYPE["tandem.profile.member.paused.v1"])
        removed = json.loads(json.dumps(schema))
        del removed["properties"]["until"]
        removed["required"].remove("until")
        retyped = json.loads(json.dumps(schema))
        retyped["properties"]["member_id"] = {"type": "integer"}
        assert breaks(schema, removed)
        assert breaks(schema, retyped)
        assert not breaks(schema, schema)


class TestNames:
    """Types and topics follow one form."""

    @each_contract
    def test_type_follows_the_form_and_belongs_to_the_topics_owner(self, contract: type[Contract]) -> None:
        """Architecture section 4: `tandem.<service>.<aggregate>.<fact>.v<major>`."""
        match = TYPE.match(contract.TYPE)
        assert match is not None
        assert match["service"] == contract.TOPIC.owner
        assert contract.TOPIC.name == f"tandem-{match['service']}-{match['aggregate']}"

    @each_topic
    def test_topic_has_an_event(self, topic: Topic) -> None:
        """N1: no topic without an event."""
        assert catalogue.on_topic(topic)


class TestWhoTellsAndWhoListens:
    """No event without producer, example and documented consumer."""

    @each_contract
    def test_the_owner_produces_it(self, contract: type[Contract]) -> None:
        """N1: only `adapters/outgoing.py` of the owner builds it; dead letters are built by the shared consumer."""
        source = Path("shared/messaging") if contract.TOPIC.kind is Kind.DEAD_LETTERS else SERVICES / contract.TOPIC.owner / "adapters"
        text = "".join(path.read_text("utf-8") for path in sorted(source.glob("*.py")))
        assert re.search(rf"\b({contract.__name__}|PARKED_BY_SERVICE)\b", text), f"nothing in {source} makes {contract.__name__}"

    @each_contract
    def test_documented_consumers_are_the_ones_that_subscribe(self, contract: type[Contract]) -> None:
        """N1: CONSUMERS in the contract equals who handles it in `entrypoints/consumers.py`."""
        module = contract.__module__.rsplit(".", 1)[1]
        named = re.compile(rf"\b(?:{module}|{module}_contracts|contracts)\.{contract.__name__}\b")
        found = [
            service.name
            for service in sorted(SERVICES.iterdir())
            if (service / "entrypoints" / "consumers.py").exists()
            and named.search((service / "entrypoints" / "consumers.py").read_text("utf-8"))
        ]
        assert sorted(contract.CONSUMERS) == found


class TestPrivacy:
    """Facts carry ids, codes, times and numbers (N9, N18)."""

    @each_contract
    def test_no_field_of_a_fact_may_carry_words(self, contract: type[Contract]) -> None:
        """N9: a field that could hold a name, an address or free text is refused on fact and dead-letter topics."""
        if contract.TOPIC.kind is not Kind.STATE:
            assert private_fields(contract) == []

    def test_the_gate_bites(self) -> None:
        """N9: names, addresses and texts are recognised, also deep inside."""
        assert private_fields(catalogue.BY_TYPE["tandem.profile.contact.updated.v1"]) == ["display_name", "email", "chat_handle"]

    @each_contract
    def test_example_is_valid_and_its_key_is_an_id(self, contract: type[Contract]) -> None:
        """N1: at least one example a type, and it is what the contract says."""
        example = contract.model_validate(contract.EXAMPLE)
        assert contract.model_validate_json(example.model_dump_json()) == example
        assert example.key

    @each_contract
    def test_unknown_fields_are_ignored_on_read(self, contract: type[Contract]) -> None:
        """Architecture section 4: additive change reaches today's readers without harm."""
        assert contract.model_validate(dict(contract.EXAMPLE) | {"of_tomorrow": {"a": [1]}}) == contract.model_validate(contract.EXAMPLE)
