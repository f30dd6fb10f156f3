"""One transaction of matching, with everything a use case may ask for."""

from services.matching.adapters import records, repositories
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness, new_id
from shared.messaging.outbox import Outbox
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell
from shared.timers.timers import Timers

INDEXES = (*repositories.INDEXES, *records.INDEXES)
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
        shapes: records.Shapes,
        rounds_bell: Doorbell,
    ) -> None:
        """Bind every repository to `tx`."""
        self._tx = tx
        self._randomness = randomness
        self._rounds_bell = rounds_bell
        self.programmes = repositories.MongoProgrammeRepository(tx, outbox)
        self.rounds = repositories.MongoRoundRepository(tx, outbox)
        self.pairings = repositories.MongoPairingRepository(tx, outbox)
        self.places = repositories.MongoPlaceRepository(tx)
        self.ties = repositories.MongoTieRepository(tx)
        self.cards = records.MongoCardRepository(tx, shapes)
        self.explanations = records.MongoExplanationRepository(tx, shapes)
        self.snapshots = records.MongoSnapshotRepository(tx, shapes)
        self.health = records.MongoHealthRepository(tx)
        self.timers = timers
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
