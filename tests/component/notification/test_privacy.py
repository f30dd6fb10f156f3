"""N9, N17, N18: no name, address or free text leaves in a fact, a log line or a figure."""

import io

from deploy.local.mail import MailSink
from services.notification.adapters.records import DELIVERIES
from shared.messaging.outbox import COLLECTION as OUTBOX
from shared.observability.logging import configure_logging, library_logger
from tests.component.notification import facts
from tests.component.notification.office import ADA, BEN, Office

CANARIES = ("Äpfel", "O'Neill", "corp.example", "ada@", "ben@", "Verhandeln", "negotiation", "python", "Python")


class TestLeaks:
    """Everything happens once, also what goes wrong; then all that left is searched."""

    async def test_facts_logs_and_figures(self, office: Office, mail_sink: MailSink) -> None:
        """Canaries are in the mails, and nowhere else."""
        lines = io.StringIO()
        close = configure_logging("notification", level="debug", stream=lines)
        library_logger("mail.log").propagate = False  # the test's mail server runs in this process, too
        try:
            mail_sink.refuse("ada@corp.example", "451 4.7.1 ada@corp.example later")
            mail_sink.refuse("ben@corp.example", "550 5.1.1 ben@corp.example unknown")
            await office.hear(facts.proposed(), facts.booked(), correlation_id="c-leak")
            await office.dispatch()
            office.pass_wall(60)
            await office.know(BEN, "Ben O'Neill", "not an address")
            await office.hear(facts.formed(), facts.closed("no-fit"), correlation_id="c-leak")
            await office.dispatch()
        finally:
            close()
            library_logger("mail.log").propagate = True
        rows = await office.app.database.collection(OUTBOX).find({})
        kept = await office.app.database.collection(DELIVERIES).find({})
        figures = office.app.foundation.metrics.render().decode()
        for place in (lines.getvalue(), str(rows), str(kept), figures):
            assert [canary for canary in CANARIES if canary in place] == []
        assert any("Verhandeln" in str(mail.message.get_body(("plain",))) for mail in mail_sink.for_recipient("ada@corp.example"))

    async def test_one_correlation_id_from_the_event_to_the_mails_fact_and_line(self, office: Office) -> None:
        """N17: the request's id is in the fact's envelope and in the log line of the mail."""
        lines = io.StringIO()
        close = configure_logging("notification", stream=lines)
        try:
            (event_id,) = await office.hear(facts.unmatched(ADA, "paused"), correlation_id="c-42")
            await office.dispatch()
        finally:
            close()
        (row,) = await office.app.database.collection(OUTBOX).find({})
        headers = {name: value.decode() for name, value in row["headers"]}
        assert (headers["ce_correlationid"], headers["ce_causationid"]) == ("c-42", event_id)
        sent = [line for line in lines.getvalue().splitlines() if '"delivery.sent"' in line]
        assert len(sent) == 1
        assert '"c-42"' in sent[0]
