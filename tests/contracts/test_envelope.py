"""The CloudEvents envelope, judged by the CloudEvents SDK as an independent reader (N1)."""

from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.envelope import BadEnvelope, Envelope, schema_uri

MOMENT = datetime(2027, 1, 11, 9, 0, 0, 123000, tzinfo=UTC)
ENVELOPE = Envelope(
    id="e1",
    type="tandem.profile.member.left.v1",
    source="/tandem/profile",
    subject="m1",
    time=MOMENT,
    sequence=3,
    correlation_id="c1",
    causation_id="e0",
)


class TestEnvelope:
    """Attributes travel as `ce_` headers and come back the same."""

    def test_the_sdk_reads_what_we_write(self) -> None:
        """N1: an independent CloudEvents reader finds the same attributes."""
        headers = dict(ENVELOPE.headers())
        event = from_binary(KafkaMessage(headers=headers, key=b"m1", value=b'{"member_id":"m1"}'), JSONFormat(), CloudEvent)
        assert (event.get_id(), event.get_type(), event.get_source(), event.get_subject()) == ("e1", ENVELOPE.type, "/tandem/profile", "m1")
        assert event.get_time() == MOMENT
        assert event.get_dataschema() == schema_uri(ENVELOPE.type)
        assert event.get_extension("sequence") == "3"
        assert event.get_extension("correlationid") == "c1"

    @given(
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), st.integers(0, 10**9), st.datetimes(timezones=st.just(UTC))
    )
    def test_reading_gives_back_what_was_written(self, text: str, sequence: int, moment: datetime) -> None:
        """N1: for any id, sequence and time (to the millisecond)."""
        cut = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        written = Envelope(id=text, type=text, source=text, subject=text, time=cut, sequence=sequence, correlation_id=text)
        assert Envelope.read(written.headers()) == written

    @pytest.mark.parametrize("missing", ["ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence"])
    def test_a_missing_attribute_is_named(self, missing: str) -> None:
        """N2: an envelope that cannot be read is refused by the header's name, never by its value."""
        with pytest.raises(BadEnvelope, match=missing):
            Envelope.read([(name, value) for name, value in ENVELOPE.headers() if name != missing])

    @pytest.mark.parametrize("value", [None, b"\xff\xfe", b""])
    def test_an_unreadable_header_is_named(self, value: bytes | None) -> None:
        """N2: null, non-UTF-8 and empty headers do not stop a batch; they refuse one record."""
        broken: list[tuple[str, bytes | None]] = [(name, value if name == "ce_id" else given) for name, given in ENVELOPE.headers()]
        with pytest.raises(BadEnvelope, match="ce_id"):
            Envelope.read(broken)

    @pytest.mark.parametrize(("name", "value"), [("ce_time", b"yesterday"), ("ce_time", b"2027-01-11T09:00:00"), ("ce_sequence", b"three")])
    def test_a_value_of_the_wrong_form_is_refused(self, name: str, value: bytes) -> None:
        """N2: times carry a zone and sequences are whole numbers."""
        with pytest.raises(BadEnvelope):
            Envelope.read([(header, value if header == name else given) for header, given in ENVELOPE.headers()])
