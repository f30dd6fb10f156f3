"""One transaction of profile with everything that its use cases need."""

from services.profile.adapters import import_repository, label_repository, member_repository, skill_list_repository
from services.profile.adapters.import_repository import MongoImportRepository
from services.profile.adapters.label_repository import MongoLabelRepository
from services.profile.adapters.member_repository import MongoMemberRepository
from services.profile.adapters.skill_list_repository import MongoSkillListRepository
from services.profile.domain.reference import Reference
from services.profile.domain.vocabulary import Vocabulary
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness, new_id
from shared.messaging.outbox import Outbox
from shared.persistence.database import Transaction
from shared.timers.timers import Timers

INDEXES = (*member_repository.INDEXES, *import_repository.INDEXES, *skill_list_repository.INDEXES, *label_repository.INDEXES)


class MongoUnitOfWork:
    """`UnitOfWork` over MongoDB."""

    def __init__(
        self,
        tx: Transaction,
        *,
        outbox: Outbox,
        timers: Timers,
        clock: Clock,
        wall: Clock,
        randomness: Randomness,
        reference: Reference,
        vocabulary: Vocabulary,
    ) -> None:
        """Bind all repositories to one transaction."""
        self.members = MongoMemberRepository(tx, outbox, reference)
        self.skill_list = MongoSkillListRepository(tx, outbox, vocabulary)
        self.labels = MongoLabelRepository(tx)
        self.imports = MongoImportRepository(tx)
        self.timers = timers
        self.clock = clock
        self.wall = wall
        self._randomness = randomness

    def new_id(self) -> str:
        """Return a new opaque id."""
        return new_id(self._randomness)
