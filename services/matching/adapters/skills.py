"""The replica of profile's hierarchy of skills, and the copy that each round keeps (N7)."""

from services.matching.domain.skill_tree import SkillTree
from shared.persistence.database import Document, Transaction
from shared.persistence.indexes import Index

TREES, ROUND_SKILLS = "skill_trees", "round_skills"
COMPANY = "company"
INDEXES = (Index(collection=TREES), Index(collection=ROUND_SKILLS))


class MongoSkillRepository:
    """One document: the newest record wins."""

    def __init__(self, tx: Transaction) -> None:
        self._trees = tx.collection(TREES)
        self._rounds = tx.collection(ROUND_SKILLS)

    async def current(self) -> SkillTree:
        """Return the hierarchy as it is known now; nothing was told yet is an empty one."""
        return tree_in(await self._trees.find_one({"_id": COMPANY}))

    async def keep(self, tree: SkillTree, sequence: int) -> None:
        """Keep a hierarchy unless a newer one is known."""
        found = await self._trees.find_one({"_id": COMPANY}, projection={"sequence": 1})
        if found is None or found["sequence"] < sequence:
            document = {"_id": COMPANY, "skills": dict(tree.broader), "sequence": sequence}
            await self._trees.replace_one({"_id": COMPANY}, document, upsert=True)

    async def freeze(self, round_id: str, tree: SkillTree) -> None:
        """N7: keep the hierarchy that a round is solved by; a list that changes later changes no running round."""
        await self._rounds.replace_one({"_id": round_id}, {"_id": round_id, "skills": dict(tree.broader)}, upsert=True)

    async def frozen(self, round_id: str) -> SkillTree:
        """Return the hierarchy that a round was frozen with."""
        return tree_in(await self._rounds.find_one({"_id": round_id}))


def tree_in(found: Document | None) -> SkillTree:
    """Return the hierarchy of a document; without one nothing is related."""
    return SkillTree(broader=found["skills"]) if found else SkillTree()
