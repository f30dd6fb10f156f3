"""Notification's table of contents: what it is called by, what it reacts to, what becomes due, what it sends."""

from functools import partial

from services.notification.adapters.composer import MailComposer, Sender
from services.notification.adapters.directory import MongoDirectory
from services.notification.adapters.inbox import Inbox
from services.notification.adapters.queue import DeliveryQueue
from services.notification.adapters.records import INDEXES, REPLICAS, Records
from services.notification.adapters.smtp import MailServer, SmtpMailer
from services.notification.adapters.unit_of_work import MongoUnitOfWork, unit_of_work
from services.notification.adapters.wording.layouts import Layouts
from services.notification.adapters.wording.letter import Links
from services.notification.adapters.wording.voice import Catalogues
from services.notification.adapters.words import Labels, Words
from services.notification.application.send_delivery import Patience, PostCounter
from services.notification.domain.retry import RetryPolicy
from services.notification.entrypoints import consumers, jobs
from services.notification.entrypoints.dispatcher import Dispatcher, Pace
from services.notification.entrypoints.http import Routes
from services.notification.entrypoints.settlement import Settlement
from services.notification.settings import NotificationSettings, SmtpSettings
from shared.foundation import Foundation
from shared.kernel.cause import Cause
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell
from shared.service import Service

NAME = "notification"


def build(f: Foundation[NotificationSettings]) -> Service:
    """Put the service together. Nothing is shared between two calls."""
    own, smtp = f.settings, SmtpSettings()
    records, bell = Records(), Doorbell()

    def bind(tx: Transaction, cause: Cause) -> MongoUnitOfWork:
        outbox, timers = partial(f.outbox, tx), f.timers(tx, cause)
        return unit_of_work(
            tx, cause, outbox=outbox, timers=timers, records=records, bell=bell, clock=f.clock, remind_before=own.remind_before
        )

    consumer = f.consumer(bind)
    consumers.subscribe(consumer)
    directory, composer = MongoDirectory(f.database, records), _composer(f)
    queue = DeliveryQueue(f.database, records, wall=f.wall, randomness=f.randomness, lease=own.lease)
    dispatcher = Dispatcher(
        queue=queue,
        directory=directory,
        counter=_counter(f, composer),
        mailer=partial(SmtpMailer, _mail_server(own, smtp)),
        settlement=Settlement(f.database, bind),
        bell=bell,
        pace=Pace(conversations=own.conversations, batch=own.batch, attempt_seconds_max=own.attempt_seconds_max(smtp)),
        registry=f.metrics.registry,
        step=f.step,
    )

    async def waiting() -> dict[str, int]:
        return {"pending": await queue.pending()}

    return Service(
        title="Tandem notification",
        routers=[Routes(f.commands(bind), Inbox(f.database, records, directory, composer)).router()],
        consumer=consumer,
        indexes=INDEXES,
        replicas=REPLICAS,
        timers=f.timer_runner(bind, jobs.HANDLERS, together=jobs.TOGETHER),
        jobs={"dispatcher": dispatcher.run},
        status={"deliveries": waiting},
    )


def _composer(f: Foundation[NotificationSettings]) -> MailComposer:
    own, peers = f.settings, f.shared.peers
    return MailComposer(
        catalogues=Catalogues(own.default_language),
        layouts=Layouts(),
        words=Words(f.peer(peers.matching_url), Labels(f.peer(peers.profile_url), f.wall)),
        sender=Sender(address=own.sender, name=own.sender_name),
        links=Links(base_url=own.base_url.rstrip("/")),
        default_language=own.default_language,
        clock=f.clock,
    )


def _counter(f: Foundation[NotificationSettings], composer: MailComposer) -> PostCounter:
    own = f.settings
    return PostCounter(
        composer=composer,
        clock=f.clock,
        wall=f.wall,
        randomness=f.randomness,
        retry=RetryPolicy(first=own.retry_first, longest=own.retry_longest, give_up_after=own.give_up_after),
        patience=Patience(overtaken_after=own.overtaken_after, without_words_after=own.without_words_after),
    )


def _mail_server(own: NotificationSettings, smtp: SmtpSettings) -> MailServer:
    return MailServer(
        host=smtp.host,
        port=smtp.port,
        username=smtp.username,
        password=smtp.password.get_secret_value() if smtp.password else None,
        encryption=smtp.encryption,
        timeout_seconds=smtp.timeout_seconds,
        sender=own.sender,
        helo=own.sender.rsplit("@", 1)[-1],
    )
