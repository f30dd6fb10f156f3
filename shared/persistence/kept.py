"""Plain documents by id that a batch of events reads and replaces: one read and one write for the whole transaction."""

from collections.abc import Iterable

from shared.persistence.database import Document, Transaction
from shared.persistence.ids import IDS_OF_A_BATCH, by_ids


def kept_documents(tx: Transaction, collection: str) -> "KeptDocuments":
    """Return the documents of a collection as this transaction sees them; all who ask share them."""
    return tx.once(f"kept:{collection}", lambda: KeptDocuments(tx, collection))


class KeptDocuments:
    """What was read stays known, since a transaction sees one snapshot; what was put is written right before the commit.

    Reads of this collection in the same transaction must come here, too: nobody else sees what was put. A document that
    somebody else changed meanwhile makes the transaction run again, whether it is written early or late.
    """

    def __init__(self, tx: Transaction, collection: str) -> None:
        """Nothing is read yet."""
        self._on = tx.collection(collection)
        self._tx = tx
        self._known: dict[str, Document | None] = {}
        self._put: dict[str, Document] = {}
        tx.before_commit(self._write)

    async def get(self, document_id: str) -> Document | None:
        """Return a document, or None. The first one of those that the batch is about brings the others along."""
        if document_id not in self._known:
            together = self._tx.foreseen if document_id in self._tx.foreseen else (document_id,)
            await self._read(together)
        return self._known[document_id]

    async def get_many(self, document_ids: Iterable[str]) -> dict[str, Document]:
        """Return those that exist, in the order of `document_ids`."""
        wanted = list(dict.fromkeys(document_ids))
        await self._read(wanted)
        return {each: found for each in wanted if (found := self._known[each]) is not None}

    def put(self, document: Document) -> None:
        """Insert or replace a document by its `_id`."""
        self._known[document["_id"]] = self._put[document["_id"]] = document

    async def remove(self, document_id: str) -> None:
        """Delete a document."""
        self._put.pop(document_id, None)
        self._known[document_id] = None
        await self._on.delete_one({"_id": document_id})

    async def _read(self, document_ids: Iterable[str]) -> None:
        missing = [each for each in document_ids if each not in self._known]
        if missing:
            self._known |= dict.fromkeys(missing)
            for some in by_ids(missing, at_once=IDS_OF_A_BATCH):
                self._known |= {each["_id"]: each for each in await self._on.find(some)}

    async def _write(self) -> None:
        await self._on.replace_many([({"_id": each}, document) for each, document in self._put.items()], upsert=True)
