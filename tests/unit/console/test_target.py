"""Where the deployment is: flags, else the environment, else what `tandem up` wrote."""

from pathlib import Path

import pytest

from deploy.local.stack_file import StackFile, remove_own, stack_path
from services.console.adapters import local_tokens
from services.console.adapters.target import Target
from services.console.domain.endings import ConsoleTrouble, Unusable

STACK = StackFile(
    urls={"profile": "http://stack:1"},
    kafka={"TANDEM_KAFKA__BOOTSTRAP_SERVERS": "stack:2", "TANDEM_KAFKA__ENABLE_IDEMPOTENCE": "false"},
    keys="/nowhere",
    mail="/m",
    logs="/l",
    pids="/p",
    launcher=1,
)
PEER = "TANDEM_PEERS__PROFILE_URL"
BROKER = "TANDEM_KAFKA__BOOTSTRAP_SERVERS"


class TestUrl:
    """The nearest word wins."""

    def test_a_flag_wins(self) -> None:
        """Over environment and stack file."""
        target = Target(urls={"profile": "http://flag/"}, environment={PEER: "http://env"}, stack=STACK)
        assert target.url("profile") == "http://flag"

    def test_then_the_environment_then_the_stack_file(self) -> None:
        """A shell may be set up for one deployment."""
        assert Target(environment={PEER: "http://env"}, stack=STACK).url("profile") == "http://env"
        assert Target(stack=STACK).url("profile") == "http://stack:1"

    def test_nothing_says_what_to_do(self) -> None:
        """Exit code 2."""
        with pytest.raises(Unusable, match="Where is matching"):
            Target(stack=STACK).url("matching")


class TestKafka:
    """A named broker comes with its own login, never with the local one's."""

    def test_the_stack_files_settings_belong_together(self) -> None:
        """Idempotence is off with Tansu."""
        assert Target(stack=STACK).kafka_settings() == {"bootstrap_servers": "stack:2", "enable_idempotence": "false"}

    def test_a_named_broker_does_not_inherit_them(self) -> None:
        """They are another broker's."""
        target = Target(environment={BROKER: "env:3", "TANDEM_KAFKA__SASL_USERNAME": "ada"}, stack=STACK)
        assert target.kafka_settings() == {"bootstrap_servers": "env:3", "sasl_username": "ada"}
        assert Target(kafka="flag:4", stack=STACK).kafka_settings() == {"bootstrap_servers": "flag:4"}


class TestStackFile:
    """What `tandem up` leaves for other commands."""

    def test_only_its_owner_may_read_it(self, tmp_path: Path) -> None:
        """It leads to a signing key."""
        path = tmp_path / ".tandem/stack.json"
        STACK.write(path)
        assert path.stat().st_mode & 0o077 == 0
        assert StackFile.read(path) == STACK

    def test_a_foreign_file_is_none(self, tmp_path: Path) -> None:
        """Half-written, or of another version."""
        (tmp_path / "s.json").write_text('{"urls": {}, "colour": "red"}')
        assert StackFile.read(tmp_path / "s.json") is None
        assert StackFile.read(tmp_path / "none.json") is None

    def test_another_launchers_file_is_not_removed(self, tmp_path: Path) -> None:
        """Two stacks in one folder: the newer one keeps its file."""
        STACK.write(tmp_path / "s.json")
        remove_own(tmp_path / "s.json", launcher=2)
        assert StackFile.read(tmp_path / "s.json") == STACK
        remove_own(tmp_path / "s.json", launcher=1)
        assert StackFile.read(tmp_path / "s.json") is None

    def test_the_environment_may_name_another_place(self) -> None:
        """`TANDEM_STACK`."""
        assert stack_path({"TANDEM_STACK": "/x/s.json"}) == Path("/x/s.json")
        assert stack_path({}) == Path(".tandem/stack.json")


class TestLocalTokens:
    """Only where `tandem up` made an issuer."""

    @pytest.mark.parametrize("stack", [None, STACK])
    def test_without_an_issuer_the_remedy_is_told(self, stack: StackFile | None) -> None:
        """A real deployment's tokens come from its identity provider."""
        with pytest.raises(ConsoleTrouble, match="get a token from your identity provider"):
            local_tokens.mint(stack, "m", ["member"], [], 1)
