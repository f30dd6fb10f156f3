"""What contracts mark as private is what the gate's word list finds, and an operator never sees it (N9, N18)."""

import json

import pytest

from shared.contracts import catalogue
from shared.contracts.base import PRIVATE, Contract
from shared.contracts.redaction import HIDDEN, redacted
from shared.contracts.topics import Kind
from tests.contracts.words import private_fields

CODES_ONLY = frozenset({"offers", "wants", "goals", "challenges", "challenges_long", "vision_themes"})
"""Fields of the card whose names sound like words and hold codes (architecture section 4)."""
state_contracts = pytest.mark.parametrize(
    "contract", [each for each in catalogue.CONTRACTS if each.TOPIC.kind is Kind.STATE], ids=lambda contract: contract.TYPE
)


class TestRedaction:
    """N9: what is shown of a dead letter."""

    @state_contracts
    def test_every_field_that_sounds_private_is_marked(self, contract: type[Contract]) -> None:
        """N18: a new field with a name or an address cannot be forgotten."""
        marked = {name for name, field in contract.model_fields.items() if PRIVATE in field.metadata}
        assert set(private_fields(contract)) & contract.model_fields.keys() - CODES_ONLY <= marked

    @pytest.mark.parametrize("contract", catalogue.CONTRACTS, ids=lambda contract: contract.TYPE)
    def test_facts_are_shown_as_they_are_and_words_in_them_are_not(self, contract: type[Contract]) -> None:
        """N9: a poisoned producer may have put words where the contract says a code."""
        data = contract.model_validate(contract.EXAMPLE).model_dump(mode="json")
        shown = redacted(contract, json.dumps(data).encode())
        if contract.TOPIC.kind is not Kind.STATE:
            assert shown == data
        poisoned = dict.fromkeys(data, "words of a person")
        assert set((redacted(contract, json.dumps(poisoned).encode()) or {}).values()) == {HIDDEN}

    @pytest.mark.parametrize("value", [None, b"", b"\xff", b"[1]", b'"text"'])
    def test_what_is_no_object_is_not_shown(self, value: bytes | None) -> None:
        """N9: nothing says which part of it is private."""
        assert redacted(catalogue.CONTRACTS[0], value) is None
