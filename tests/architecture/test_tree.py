"""What the tree may hold: the agreed top level, no machine's paths, no registry's hosts, no GPL program's import."""

import re
import subprocess

import pytest

from tests.architecture.source import ROOT, python_files

TOP = {
    ".ci", ".dockerignore", ".gitignore", ".hadolint.yaml", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
    ".env", "deploy", "docker-compose.yml", "pyproject.toml", "services", "shared", "tests",
}  # fmt: skip
FORBIDDEN = re.compile(
    r"/(work|root|home)/[a-z]|files\.python" + r"hosted|py" + r"pi\.org|registry\.npm" + r"js|repo1?\.maven|crates\." + "io", re.IGNORECASE
)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")
NOT_TEXT = {".mo", ".png", ".xlsx", ".gz", ".ico", ".woff2"}


def tracked() -> list[str]:
    """Return the files that git tracks."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: nothing to list")
    return listed.stdout.split("\n")[:-1]


class TestTree:
    """Rules about files as such."""

    def test_top_level_is_the_agreed_one(self) -> None:
        """The owner asked for `services/ shared/ deploy/ tests/ docker-compose.yml Makefile README.md` plus the usual files."""
        assert {name.split("/")[0] for name in tracked()} <= TOP

    def test_no_machine_path_and_no_registry_host_is_written_down(self) -> None:
        """An intranet mirror serves as well as the public index: nothing names where packages come from."""
        found = [
            f"{name}:{number}"
            for name in tracked()
            if (path := ROOT / name).suffix not in NOT_TEXT and path.is_file() and name != "tests/architecture/test_tree.py"
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
            if FORBIDDEN.search(line)
        ]
        assert found == []

    def test_every_link_of_a_document_leads_somewhere(self) -> None:
        """A reader who follows a link finds a file."""
        pages = [ROOT / name for name in tracked() if name.endswith(".md") and (ROOT / name).is_file()]
        links = [(page, link) for page in pages for link in LINK.findall(page.read_text(encoding="utf-8"))]
        assert links
        assert [f"{page.relative_to(ROOT)}: {link}" for page, link in links if not (page.parent / link).exists()] == []

    def test_the_database_emulator_is_never_imported(self) -> None:
        """SecantusDB is GPL: a program behind a socket, never a module (deploy/decisions/0003)."""
        importing = re.compile(r"^\s*(import|from)\s+secantus", re.MULTILINE)
        assert [str(path) for path in python_files() if importing.search((ROOT / path).read_text(encoding="utf-8"))] == []

    def test_no_uv_lock(self) -> None:
        """A `uv.lock` records addresses; `deploy/requirements/*.lock` do not."""
        assert "uv.lock" not in tracked()
