"""The witness: change events of one transaction are one commit, and its documents are those of the database."""

from typing import Any

from tests.chaos.witness import WatchedDatabase


def change(kind: str, collection: str, id_: str, transaction: int = 0, **more: Any) -> dict[str, Any]:
    """Return a change event as a server tells it."""
    event: dict[str, Any] = {"operationType": kind, "ns": {"coll": collection}, "documentKey": {"_id": id_}, "clusterTime": transaction}
    if transaction:
        event |= {"lsid": {"id": b"s"}, "txnNumber": transaction}
    return event | more


class TestWatchedDatabase:
    """N2: state and fact in one transaction can be seen from outside."""

    def test_changes_of_one_transaction_are_one_commit(self) -> None:
        """A document and its outbox row stand in one entry; what follows stands in the next."""
        watched = WatchedDatabase()
        watched.note(change("insert", "members", "m", 1, fullDocument={"_id": "m"}))
        watched.note(change("insert", "outbox", "e", 1, fullDocument={"_id": "e"}))
        watched.note(change("delete", "outbox", "e", 2))
        watched.note(change("insert", "leases", "l", fullDocument={"_id": "l"}))
        watched.note(change("insert", "leases", "k", fullDocument={"_id": "k"}))
        assert [(entry.label, len(entry.writes)) for entry in watched.log] == [
            ("transaction", 2),
            ("transaction", 1),
            ("plain", 1),
            ("plain", 1),
        ]

    def test_updates_lead_to_the_document_as_it_stands(self) -> None:
        """Fields within fields and lists are set and removed as the server says; what was deleted is gone."""
        watched = WatchedDatabase()
        watched.note(change("insert", "pairings", "p", fullDocument={"_id": "p", "ix": {"a": 1, "b": 2}, "list": [1, 2]}))
        said = {"updatedFields": {"ix.a": 5, "list.1": 7}, "removedFields": ["ix.b"]}
        watched.note(change("update", "pairings", "p", updateDescription=said))
        assert watched.documents("pairings") == [{"_id": "p", "ix": {"a": 5}, "list": [1, 7]}]
        watched.note(change("delete", "pairings", "p"))
        assert watched.documents("pairings") == []
        assert watched.names["pairings"] == {}
