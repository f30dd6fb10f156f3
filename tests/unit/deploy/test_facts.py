"""What the demo counts: facts, not records."""

from deploy.demo.reader import Fact, FactReader, doubled, lost


def fact(event_id: str, sequence: int) -> Fact:
    """Return a record of one subject's history."""
    attributes = {"id": event_id, "subject": "one", "sequence": str(sequence), "type": "tandem.notification.delivery.sent.v1"}
    return {"topic": "tandem-notification-delivery", "attributes": attributes}


class TestFacts:
    """N2: a record may stand twice after a relay was killed; a fact is counted once."""

    def test_a_second_copy_is_no_second_fact(self) -> None:
        """Else a mail would seem lost for each copy of the word that it was sent."""
        reader = FactReader("", lambda _: None, [fact("a", 1), fact("a", 1), fact("b", 2)])
        assert reader.count("notification.delivery.sent") == 2
        assert (lost(reader.facts), doubled(reader.facts)) == (0, 1)

    def test_a_gap_is_a_loss(self) -> None:
        """Each subject counts its facts one after another, from 1."""
        assert lost([fact("a", 1), fact("c", 3)]) == 1
