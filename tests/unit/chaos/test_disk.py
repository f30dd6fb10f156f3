"""The small disk: really full while it is filled, free again afterwards; without the rights there is none."""

from pathlib import Path

import pytest

from tests.chaos.disk import PAGE_BYTES, filled, noise, small_disk


class TestSmallDisk:
    """Issue: disk full for a service's temporary folder."""

    def test_a_full_disk_takes_a_page_and_no_workbook(self, tmp_path: Path) -> None:
        """Full: one page fits, more does not; afterwards it does."""
        with small_disk(tmp_path / "disk") as disk:
            if disk is None:
                pytest.skip("no right to mount a disk")
            with filled(disk):
                (disk / "page").write_bytes(bytes(PAGE_BYTES))
                with pytest.raises(OSError, match="No space left"):
                    (disk / "more").write_text(noise())
            (disk / "more").write_text(noise())
        assert not (tmp_path / "disk").exists()
