"""Profile's table of contents: the only file that sees all its rooms."""

from functools import partial

from services.profile.adapters.import_repository import FILES, UploadedPieces
from services.profile.adapters.people_files import UploadedPeopleFiles
from services.profile.adapters.reference import load_reference
from services.profile.adapters.skill_list_repository import CurrentVocabulary
from services.profile.adapters.unit_of_work import INDEXES, MongoUnitOfWork
from services.profile.adapters.vocabulary import SHIPPED, BadVocabulary, load_vocabulary
from services.profile.application.pause_member import TIMER
from services.profile.application.ports import UnitOfWork
from services.profile.domain.reference import Reference
from services.profile.domain.vocabulary import Vocabulary
from services.profile.entrypoints.http_imports import Uploads, imports_router
from services.profile.entrypoints.http_members import members_router
from services.profile.entrypoints.http_skills import SkillRoutes
from services.profile.entrypoints.jobs import ImportWorker, on_pause_ends, tell_skill_list
from services.profile.entrypoints.transactions import Transactions
from services.profile.settings import ProfileSettings
from shared.foundation import Foundation
from shared.kernel.cause import Cause
from shared.kernel.randomness import new_id
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell
from shared.service import Service
from shared.settings import BadSettings


def build(f: Foundation[ProfileSettings]) -> Service:
    """Put profile together on the technical parts of one process."""
    reference, base = _lists(f.settings)

    def bind(tx: Transaction, cause: Cause) -> UnitOfWork:
        return MongoUnitOfWork(
            tx,
            outbox=f.outbox(tx, cause),
            timers=f.timers(tx, cause),
            clock=f.clock,
            wall=f.wall,
            randomness=f.randomness,
            reference=reference,
            vocabulary=base,
        )

    commands, transactions = f.commands(bind), Transactions(f.database, bind)
    pieces, waiting = UploadedPieces(f.database.collection(FILES)), Doorbell()
    vocabulary, uploads = CurrentVocabulary(f.database, base), Uploads(pieces, wall=f.wall, randomness=f.randomness, waiting=waiting)
    imports = ImportWorker(
        transactions,
        UploadedPeopleFiles(pieces),
        reference=reference,
        vocabulary=vocabulary,
        owner=f.shared.kafka.group_instance_id or new_id(f.randomness),
        waiting=waiting,
        randomness=f.randomness,
    )
    return Service(
        title="Tandem profile: members, people files, taking part",
        routers=[
            members_router(commands, transactions, reference, vocabulary),
            SkillRoutes(commands, transactions, vocabulary).router,
            imports_router(commands, transactions, uploads, bytes_max=f.settings.import_bytes_max),
        ],
        consumer=f.consumer(bind),
        indexes=INDEXES,
        timers=f.timer_runner(bind, {TIMER: on_pause_ends}),
        jobs={"imports": imports.run, "skill-list": partial(tell_skill_list, transactions, f.randomness)},
    )


def _lists(settings: ProfileSettings) -> tuple[Reference, Vocabulary]:
    try:
        reference = load_reference(
            default_zone=settings.default_timezone,
            default_language=settings.default_language,
            default_hours=settings.default_working_hours,
        )
        return reference, load_vocabulary(settings.vocabulary or SHIPPED)
    except BadVocabulary as fault:
        raise BadSettings([f"TANDEM_PROFILE_VOCABULARY: {fault}"]) from None
    except ValueError:
        raise BadSettings(["TANDEM_PROFILE_DEFAULT_TIMEZONE or TANDEM_PROFILE_DEFAULT_WORKING_HOURS cannot be read"]) from None
