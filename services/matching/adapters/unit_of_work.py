"""One transaction of matching, with everything a use case may ask for."""

from services.matching.adapters import records, repositories, skills, snapshots
from services.matching.adapters.shapes import Shapes
from services.matching.application import ports
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness, new_id
from shared.messaging.outbox import Outbox
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell
from shared.timers.timers import Timers

INDEXES = (*repositories.INDEXES, *records.INDEXES, *snapshots.INDEXES, *skills.INDEXES)
SALT_BITS = 256


class MongoUnitOfWork:
    """Fulfils `application.ports.UnitOfWork` inside one transaction."""

    def __init__(
        self,
        tx: Transaction,
        *,
        outbox: Outbox,
        timers: Timers,
        clock: Clock,
        cause: Cause,
        randomness: Randomness,
        shapes: Shapes,
        rounds_bell: Doorbell,
    ) -> None:
        """Bind every repository to `tx`."""
        self._tx = tx
        self._randomness = randomness
        self._rounds_bell = rounds_bell
        self.programmes: ports.ProgrammeRepository = repositories.MongoProgrammeRepository(tx, outbox)
        self.rounds: ports.RoundRepository = repositories.MongoRoundRepository(tx, outbox)
        self.pairings: ports.PairingRepository = repositories.MongoPairingRepository(tx, outbox)
        self.places: ports.PlaceRepository = repositories.MongoPlaceRepository(tx)
        self.ties: ports.TieRepository = repositories.MongoTieRepository(tx)
        self.cards: ports.CardRepository = records.MongoCardRepository(tx, shapes)
        self.explanations: ports.ExplanationRepository = records.MongoExplanationRepository(tx, shapes)
        self.snapshots: ports.SnapshotRepository = snapshots.MongoSnapshotRepository(tx, shapes)
        self.health: ports.HealthRepository = records.MongoHealthRepository(tx)
        self.skills: ports.SkillRepository = skills.MongoSkillRepository(tx)
        self.timers: ports.Timers = timers
        self.clock = clock
        self.cause = cause

    def new_id(self) -> str:
        """Return a new opaque id."""
        return new_id(self._randomness)

    def new_salt(self) -> str:
        """Return a secret that nobody can guess."""
        return f"{self._randomness.getrandbits(SALT_BITS):064x}"

    def wake_rounds(self) -> None:
        """Ring the round runner's bell once this is committed."""
        self._tx.after_commit(self._rounds_bell.ring)
