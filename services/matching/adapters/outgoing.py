"""The only door through which matching's facts leave: domain event to contract, ids and codes only (N9)."""

from collections.abc import Mapping

from services.matching.domain import events
from shared.contracts import matching as contracts
from shared.contracts.base import Contract
from shared.kernel.aggregate import Aggregate, DomainEvent

CONTRACT_OF: Mapping[type[DomainEvent], type[Contract]] = {
    events.ProgrammePublished: contracts.ProgrammePublished,
    events.ProgrammeRetired: contracts.ProgrammeRetired,
    events.RoundOpened: contracts.RoundOpened,
    events.RoundFrozen: contracts.RoundFrozen,
    events.RoundSolved: contracts.RoundSolved,
    events.RoundPublished: contracts.RoundPublished,
    events.RoundCancelled: contracts.RoundCancelled,
    events.MemberUnmatched: contracts.MemberUnmatched,
    events.PairingProposed: contracts.PairingProposed,
    events.PairingAccepted: contracts.PairingAccepted,
    events.PairingDeclined: contracts.PairingDeclined,
    events.PairingExpired: contracts.PairingExpired,
    events.PairingFormed: contracts.PairingFormed,
    events.CharterSigned: contracts.CharterSigned,
    events.PairingActivated: contracts.PairingActivated,
    events.CharterRevised: contracts.CharterRevised,
    events.PairingPaused: contracts.PairingPaused,
    events.PairingResumed: contracts.PairingResumed,
    events.ReviewStarted: contracts.ReviewStarted,
    events.PairingKept: contracts.PairingKept,
    events.PairingClosed: contracts.PairingClosed,
}
"""Fields have the same names on both sides; what a contract does not know stays here."""


def contract_of(_: Aggregate, event: DomainEvent) -> Contract:
    """Return the contract that tells `event`; an event without one is a bug and stops the transaction."""
    return CONTRACT_OF[type(event)].model_validate(event, from_attributes=True)
