"""Apache Kafka's jars: fetched once from Maven Central, kept in the user's cache, found again without Maven."""

import hashlib
import re
import shutil
import tempfile
from pathlib import Path

from deploy.local.folder import cache_folder
from deploy.local.server import output_of

POM = Path(__file__).with_name("pom.xml")
OLDEST_JAVA = 17
FETCH_WITHIN_SECONDS = 240.0


class NoApacheKafka(Exception):
    """Apache Kafka cannot run here; `str()` says why in one line."""


def jar_folder() -> Path:
    """Return where the jars of this pom belong; another pom has another folder, so an upgrade never mixes versions."""
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    return cache_folder() / f"kafka-{digest}"


def kafka_version() -> str:
    """Return the version that the pom names."""
    found = re.search(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([^<]+)</version>", POM.read_text())
    return found.group(1) if found else "unknown"


async def java_version() -> int | None:
    """Return the major version of the `java` on the PATH, or None when there is none."""
    code, printed = await output_of("java", "-version", within_seconds=20)
    found = re.search(r'version "(\d+)', printed)
    return int(found.group(1)) if code == 0 and found else None


async def jars() -> Path:
    """Return the folder with the jars, fetching them when the cache is empty.

    Raises:
        NoApacheKafka: no Java, too old a Java, no Maven for an empty cache, or a fetch that failed.

    """
    version = await java_version()
    if version is None:
        raise NoApacheKafka("no java on the PATH")
    if version < OLDEST_JAVA:
        raise NoApacheKafka(f"java {version} is older than {OLDEST_JAVA}")
    target = jar_folder()
    if not target.is_dir():
        await _fetch(target)
    return target


async def _fetch(target: Path) -> None:
    if shutil.which("mvn") is None:
        raise NoApacheKafka("the jars are not in the cache and there is no mvn to fetch them")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as temporary:
        libraries = Path(temporary) / "libs"
        code, printed = await output_of(
            *("mvn", "-q", "-B", "-C", "-f", str(POM), "dependency:copy-dependencies"),
            *("-DincludeScope=runtime", f"-DoutputDirectory={libraries}"),
            within_seconds=FETCH_WITHIN_SECONDS,
        )
        if code != 0 or not any(libraries.glob("kafka_2.13-*.jar")):
            errors = [line for line in printed.splitlines() if "ERROR" in line] or printed.splitlines() or ["no output"]
            raise NoApacheKafka(f"fetching the jars failed: {errors[0][:300]}")
        _put_in_place(libraries, target)


def _put_in_place(libraries: Path, target: Path) -> None:
    """Rename, so that a broken fetch leaves nothing; another process that was faster has the same jars."""
    try:
        libraries.rename(target)
    except OSError:
        if not target.is_dir():
            raise
