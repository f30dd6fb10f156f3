"""How the company writes its departments, job families and sites, in MongoDB: one document each; there are hundreds."""

from collections.abc import Mapping

from shared.persistence.database import Transaction
from shared.persistence.indexes import Index

COLLECTION = "organisation_labels"
INDEXES = (Index(collection=COLLECTION),)


class MongoLabelRepository:
    """`LabelRepository` over one transaction."""

    def __init__(self, tx: Transaction) -> None:
        """Bind to a transaction."""
        self._on = tx.collection(COLLECTION)

    async def keep(self, labels: Mapping[tuple[str, str], str]) -> None:
        """Keep the newest spelling of each."""
        documents = [
            {"_id": f"{column}/{code}", "column": column, "code": code, "label": label} for (column, code), label in labels.items()
        ]
        await self._on.delete_many({"_id": {"$in": [document["_id"] for document in documents]}})
        await self._on.insert_many(documents)

    async def all(self) -> dict[tuple[str, str], str]:
        """Return every spelling."""
        return {(found["column"], found["code"]): found["label"] for found in await self._on.find({})}
