"""An import that another process went on with, or ended, while this one was stopped (N2, issue 3)."""

from typing import Any

import pytest

from services.profile.adapters.import_repository import FILES, IMPORTS, UploadedPieces
from services.profile.domain.refusals import PieceGone
from tests.component.profile.conftest import Profile
from tests.component.profile.test_imports import GOOD


class TestTakenOver:
    """Who was stopped for longer than a lease finds the uploaded file gone."""

    @pytest.mark.parametrize("owner", ["another", None], ids=["taken over", "still ours"])
    async def test_a_file_that_is_gone(self, profile: Profile, monkeypatch: pytest.MonkeyPatch, owner: str | None) -> None:
        """Found by simulation: what another one ended is let go and the job lives; a file that is really lost is never passed over."""
        get, database = UploadedPieces.get, profile.app.database

        async def after_the_stop(pieces: UploadedPieces, import_id: str, number: int) -> bytes:
            await database.collection(FILES).delete_many({"import_id": import_id})
            if owner is not None:
                change: dict[str, Any] = {"$set": {"body.lease.owner": owner}}
                await database.collection(IMPORTS).update_one({"_id": import_id}, change)
            return await get(pieces, import_id, number)

        await profile.upload(GOOD)
        monkeypatch.setattr(UploadedPieces, "get", after_the_stop)
        if owner is None:
            with pytest.raises(PieceGone):
                await profile.worker.run_next()
        else:
            assert await profile.worker.run_next()
        assert await database.collection("members").find({}) == []
