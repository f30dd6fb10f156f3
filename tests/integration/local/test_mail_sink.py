"""The mail sink speaks real SMTP."""

from email.message import EmailMessage

import aiosmtplib
import pytest

from deploy.local.mail import MailSink


def _mail(recipient: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "tandem@corp.example", recipient, "Grüße"
    mail.set_content("Guten Tag\n")
    return mail


class TestMailSink:
    """The demo's mailbox and the tests' far side."""

    async def test_a_mail_is_kept_as_it_came(self, mail_sink: MailSink) -> None:
        """N15: what the server received is what the file holds."""
        await aiosmtplib.send(_mail("ada@corp.example"), hostname=mail_sink.host, port=mail_sink.port)
        (mail,) = mail_sink.for_recipient("ada@corp.example")
        assert mail.message["Subject"] == "Grüße"
        assert mail.path is not None
        assert mail.path.read_bytes() == mail.content

    async def test_a_refusal_is_given_as_often_as_asked(self, mail_sink: MailSink) -> None:
        """A far side that says "later" once and then takes the mail."""
        mail_sink.refuse("bob@corp.example", "451 later")
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await aiosmtplib.send(_mail("bob@corp.example"), hostname=mail_sink.host, port=mail_sink.port)
        await aiosmtplib.send(_mail("bob@corp.example"), hostname=mail_sink.host, port=mail_sink.port)
        assert len(mail_sink.for_recipient("bob@corp.example")) == 1

    async def test_mails_are_numbered_in_the_order_of_arrival(self, mail_sink: MailSink) -> None:
        """`mail/000001.eml` is the first."""
        for name in ("a", "b", "c"):
            await aiosmtplib.send(_mail(f"{name}@corp.example"), hostname=mail_sink.host, port=mail_sink.port)
        assert [mail.path.name for mail in mail_sink.received if mail.path] == ["000001.eml", "000002.eml", "000003.eml"]
