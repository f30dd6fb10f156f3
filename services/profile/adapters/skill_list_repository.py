"""The company's changes to its list of skills in MongoDB, and the list as every process of this service sees it."""

from services.profile.adapters import outgoing
from services.profile.domain.skill_list import COMPANY, SkillList
from services.profile.domain.vocabulary import Vocabulary
from shared.messaging.outbox import Outbox
from shared.persistence.aggregates import AggregateStore
from shared.persistence.database import Database, Transaction
from shared.persistence.indexes import Index

COLLECTION = "skill_lists"
INDEXES = (Index(collection=COLLECTION),)


class MongoSkillListRepository:
    """`SkillListRepository` over one transaction; `base` is the list of the company's file."""

    def __init__(self, tx: Transaction, outbox: Outbox, base: Vocabulary) -> None:
        """Bind to a transaction."""
        self._store = AggregateStore(tx, COLLECTION, SkillList, outbox=outbox, outgoing=outgoing.fact_of)
        self.base = base

    async def get(self) -> SkillList:
        """Return the changes; none yet is an empty list of them."""
        return await self._store.find(COMPANY) or SkillList(id=COMPANY)

    async def save(self, skill_list: SkillList) -> None:
        """Store the changes, new or changed; `StaleVersion` when somebody else changed them."""
        await (self._store.save(skill_list) if skill_list.revision else self._store.add(skill_list))


class CurrentVocabulary:
    """The company's list with its changes; built anew only when somebody changed it, also through another process."""

    def __init__(self, database: Database, base: Vocabulary) -> None:
        """Begin with the file's list."""
        self._database = database
        self._base = base
        self._current = base
        self._revision = 0

    async def __call__(self) -> Vocabulary:
        """Return the list as it is now: one small read where nothing changed."""
        on = self._database.collection(COLLECTION)
        found = await on.find_one({"_id": COMPANY}, projection={"revision": 1})
        if found is not None and found["revision"] != self._revision:
            stored = await on.find_one({"_id": COMPANY})
            if stored is not None:
                changes = self._database.codecs.aggregate_of(SkillList, COMPANY, stored["body"], stored["version"], stored["revision"])
                self._current, self._revision = changes.over(self._base), stored["revision"]
        return self._current
