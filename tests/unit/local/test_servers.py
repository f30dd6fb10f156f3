"""Which server is chosen, what it is told, what the banner says."""

import re
import sys
from pathlib import Path

import pytest

from deploy.local import containers, given, servers
from deploy.local.kafka import jars
from deploy.local.kafka.apache import ApacheKafka
from deploy.local.kafka.jars import NoApacheKafka
from deploy.local.kafka.properties import Node, server_properties
from deploy.local.kafka.tansu import Tansu
from deploy.local.mongo.secantus import SecantusDB
from deploy.local.ports import TAKEN_BY_CUSTOM, free_ports
from deploy.local.processes import Processes
from deploy.local.server import CAPABILITIES, Product, Server, output_of
from deploy.local.servers import Backend, Place
from deploy.local.trouble import LaunchTrouble
from shared.kernel.randomness import seeded


def nodes(count: int) -> list[Node]:
    """Return nodes on made-up ports."""
    return [Node(number=n, port=7000 + n, controller_port=8000 + n, folder=Path(f"/data/{n}")) for n in range(1, count + 1)]


def settings_of(count: int) -> dict[str, str]:
    """Return the first node's settings."""
    lines = server_properties(nodes(count)[0], nodes(count)).splitlines()
    return dict(line.split("=", 1) for line in lines)


class TestServerProperties:
    """The text that Apache Kafka reads."""

    def test_one_node_replicates_nothing(self) -> None:
        """RF 3 is refused on one node."""
        found = settings_of(1)
        assert found["offsets.topic.replication.factor"] == "1"
        assert found["min.insync.replicas"] == "1"

    def test_three_nodes_keep_two_in_sync(self) -> None:
        """Killing a leader loses nothing."""
        found = settings_of(3)
        assert found["offsets.topic.replication.factor"] == "3"
        assert found["min.insync.replicas"] == "2"
        assert found["controller.quorum.voters"] == "1@127.0.0.1:8001,2@127.0.0.1:8002,3@127.0.0.1:8003"

    def test_topics_are_never_made_by_accident(self) -> None:
        """They come from `shared/contracts/topics.py`."""
        assert settings_of(1)["auto.create.topics.enable"] == "false"

    def test_it_listens_on_loopback_only(self) -> None:
        """No other machine reaches a trial run."""
        assert re.findall(r"//([\d.]+):", settings_of(1)["listeners"]) == ["127.0.0.1", "127.0.0.1"]


class TestPorts:
    """Free ones, never the well-known."""

    def test_they_differ(self) -> None:
        """All are held at once while choosing."""
        assert len(set(free_ports(20))) == 20

    def test_well_known_ones_are_left_alone(self) -> None:
        """A developer's own servers may come up there."""
        assert not set(free_ports(50)) & set(TAKEN_BY_CUSTOM)


class TestChoice:
    """The first line that fits, for each of the two on its own."""

    @pytest.fixture
    def place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
        """Return a place; nothing is named by the environment."""
        monkeypatch.delenv(given.KAFKA_NAME, raising=False)
        monkeypatch.delenv(given.MONGO_NAME, raising=False)
        return Place(processes=Processes(tmp_path), kafka=tmp_path, mongo=tmp_path, logs=tmp_path, randomness=seeded("choice"))

    async def test_no_java_means_tansu_and_the_reason_is_told(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        """A missing Java never becomes a quiet change."""

        async def no_java(_self: ApacheKafka) -> Server:
            raise NoApacheKafka("no java on the PATH")

        async def tansu(self: Tansu) -> Server:
            return Server(product=Product.TANSU, version="0.6.0", address="a:1", settings={}, why=self._why)

        monkeypatch.setattr(ApacheKafka, "start", no_java)
        monkeypatch.setattr(Tansu, "start", tansu)
        found = await servers.find_or_start_kafka(place)
        assert found.banner() == "kafka: tansu 0.6.0, a:1 (no Apache Kafka: no java on the PATH)"

    async def test_an_old_java_is_no_java(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Kafka 4 needs 17."""

        async def eleven() -> int:
            return 11

        monkeypatch.setattr(jars, "java_version", eleven)
        with pytest.raises(NoApacheKafka, match="java 11 is older than 17"):
            await jars.jars()

    async def test_an_empty_cache_without_maven_is_told(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The reason names both."""

        async def new_enough() -> int:
            return 21

        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setattr(jars, "java_version", new_enough)
        monkeypatch.setattr("shutil.which", lambda _name: None)
        with pytest.raises(NoApacheKafka, match="not in the cache and there is no mvn"):
            await jars.jars()

    async def test_a_failed_fetch_leaves_nothing(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The next start tries again from the beginning."""

        async def broken(*_command: str, **_options: object) -> tuple[int, str]:
            return 1, "[ERROR] no route to the repository"

        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setattr(jars, "output_of", broken)
        monkeypatch.setattr("shutil.which", lambda _name: "mvn")
        with pytest.raises(NoApacheKafka, match="no route to the repository"):
            await jars._fetch(jars.jar_folder())
        assert list((tmp_path / "tandem").iterdir()) == []

    async def test_containers_without_an_engine_are_an_error(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        """Asked for and not there is never a fallback."""

        def no_engine(_image: str, _port: int) -> None:
            raise LaunchTrouble("Containers were asked for, but no Docker engine answers here.")

        monkeypatch.setattr(containers, "_container", no_engine)
        asked = Place(**{name: getattr(place, name) for name in Place.__slots__} | {"backend": Backend.CONTAINERS})
        with pytest.raises(LaunchTrouble, match="no Docker engine answers"):
            await servers.find_or_start_kafka(asked)
        with pytest.raises(LaunchTrouble, match="no Docker engine answers"):
            await servers.find_or_start_mongo(asked)

    async def test_a_named_broker_that_is_away_is_an_error(self) -> None:
        """Whoever names a server wants that one."""
        (port,) = free_ports(1)
        with pytest.raises(LaunchTrouble, match="No Kafka broker answers"):
            await given.given_kafka({given.KAFKA_NAME: f"127.0.0.1:{port}"})


class TestBanner:
    """Server, version, address, data, what is off."""

    def test_what_is_off_is_said(self) -> None:
        """`memory only, idempotence off`."""
        server = Server(product=Product.TANSU, version="0.6.0", address="127.0.0.1:1", settings={}, off=("memory only", "idempotence off"))
        assert server.banner() == "kafka: tansu 0.6.0, 127.0.0.1:1, memory only, idempotence off"

    def test_a_server_survives_the_way_to_another_process(self) -> None:
        """Keepers tell test processes in JSON."""
        server = Server(product=Product.SECANTUSDB, version="1", address="x", settings={"A": "b"}, data=Path("/data"), why="w")
        assert Server.from_plain(server.as_plain()) == server

    def test_every_product_has_its_capabilities(self) -> None:
        """Tests ask for these, never for a product."""
        assert all(CAPABILITIES[product] for product in Product)


class TestLicences:
    """SecantusDB is GPL: a separate program behind a socket."""

    def test_it_is_imported_nowhere(self) -> None:
        """In no process of ours, tests included."""
        importing = re.compile(r"^\s*(?:import|from)\s+secantus", re.MULTILINE)
        root = Path(__file__).parents[3]
        rooms = [path for room in ("deploy", "services", "shared", "tests") for path in (root / room).rglob("*.py")]
        assert [path for path in rooms if importing.search(path.read_text(encoding="utf-8"))] == []

    def test_commits_are_synced_unless_a_test_says_otherwise(self, tmp_path: Path) -> None:
        """Without the flag 200 acknowledged transactions were lost in 20 kills."""
        database = SecantusDB(Processes(tmp_path), tmp_path, tmp_path)
        assert "--sync-on-commit" in database._program().command


class TestOutput:
    """Short commands never hang the launcher."""

    async def test_a_command_has_a_limit(self) -> None:
        """A fetch that hangs ends."""
        code, printed = await output_of(sys.executable, "-c", "import signal; signal.pause()", within_seconds=0.3)
        assert code == 124
        assert "longer than" in printed
