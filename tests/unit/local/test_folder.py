"""Data folders and who owns them."""

import json
import os
from pathlib import Path

import psutil
import pytest

from deploy.local import leftovers
from deploy.local.folder import OWNER, PREFIX, DataFolder, cache_folder
from deploy.local.trouble import LaunchTrouble


class TestDataFolder:
    """Temporary ones go away, kept ones stay."""

    def test_a_temporary_folder_is_removed(self) -> None:
        """Nothing is left behind."""
        folder = DataFolder.temporary()
        (folder.kafka / "segment").write_text("x")
        folder.remove()
        assert not folder.root.exists()

    def test_a_kept_folder_survives(self, tmp_path: Path) -> None:
        """`--keep DIR`: the next start finds the data again."""
        folder = DataFolder.kept(tmp_path / "data")
        (folder.mongo / "table").write_text("x")
        folder.remove()
        assert (DataFolder.kept(tmp_path / "data").mongo / "table").read_text() == "x"

    def test_a_place_that_cannot_hold_data_is_one_line(self, tmp_path: Path) -> None:
        """A file in the way, a folder without rights: no traceback."""
        (tmp_path / "file").write_text("x")
        with pytest.raises(LaunchTrouble, match="cannot hold the data"):
            DataFolder.kept(tmp_path / "file" / "data")

    def test_only_the_owner_may_look_inside(self, tmp_path: Path) -> None:
        """It holds a signing key."""
        folder = DataFolder.kept(tmp_path / "data")
        assert folder.keys.stat().st_mode & 0o077 == 0

    def test_the_cache_follows_the_desktop_standard(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """`XDG_CACHE_HOME` wins over the home folder."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert cache_folder() == tmp_path / "tandem"


class TestOwnership:
    """Two launchers never share one folder."""

    def test_a_living_owner_keeps_others_out(self, tmp_path: Path) -> None:
        """Two servers over the same data would harm them."""
        folder = DataFolder.kept(tmp_path)
        parent = psutil.Process(os.getppid())
        (folder.root / OWNER).write_text(json.dumps({"pid": parent.pid, "started_at": parent.create_time()}))
        with pytest.raises(LaunchTrouble, match="is in use by process"):
            leftovers.claim(folder)

    def test_a_dead_owner_does_not(self, tmp_path: Path) -> None:
        """The launcher was killed; its folder can be taken over."""
        folder = DataFolder.kept(tmp_path)
        (folder.root / OWNER).write_text(json.dumps({"pid": os.getppid(), "started_at": 1.0}))
        assert leftovers.claim(folder) == []
        assert json.loads((folder.root / OWNER).read_text())["pid"] == os.getpid()

    def test_temporary_runs_of_killed_launchers_are_swept(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """A living one and a folder that is none of ours stay."""
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        dead, living, foreign = (tmp_path / f"{PREFIX}{name}" for name in ("dead", "living", "foreign"))
        for root in (dead, living, foreign):
            root.mkdir()
        (dead / OWNER).write_text(json.dumps({"pid": os.getpid(), "started_at": 1.0}))
        me = psutil.Process()
        (living / OWNER).write_text(json.dumps({"pid": me.pid, "started_at": me.create_time()}))
        leftovers.sweep_temporary_runs()
        assert sorted(path.name for path in tmp_path.iterdir()) == [foreign.name, living.name]
