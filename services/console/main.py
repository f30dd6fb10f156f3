"""The composition root of the `tandem` command: the table of commands, loaded when called, and what they may connect to."""

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from services.console.adapters.connections import TargetConnections
from services.console.adapters.target import Target
from services.console.domain.endings import ConsoleTrouble, Exit

GROUP = "tandem.commands"
"""Entry points of this group add commands: a name, and a function or typer application with a docstring."""
EPILOG = (
    "Exit codes: 0 done, 1 could not be done, 2 wrong usage or unreadable file, 3 done but for refused parts, 130 interrupted. "
    "Example: tandem up, then in another terminal: tandem import people.csv"
)


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command that is imported when it is called: `module:attribute`, and the line that the root's help shows."""

    place: str
    help: str

    def load(self) -> Any:
        """Import it and return what typer's runner needs."""
        module, _, attribute = self.place.partition(":")
        found = getattr(importlib.import_module(module), attribute)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
        alone = typer.Typer(rich_markup_mode=None, add_completion=False)
        alone.command()(found)
        return typer.main.get_command(alone)


ROOM = "services.console.entrypoints"
COMMANDS = {
    "up": Lazy(f"{ROOM}.up:up", "Start everything on this machine, until Ctrl-C."),
    "demo": Lazy(f"{ROOM}.demo:demo", "Show the main job once with a made-up company."),
    "status": Lazy(f"{ROOM}.status:status", "Services, consumer lag, outbox, dead letters."),
    "import": Lazy(f"{ROOM}.people:import_", "Import a people file (CSV or XLSX)."),
    "programme": Lazy(f"{ROOM}.programme:programme", "Programmes and their rules as files: apply, preview."),
    "enrol": Lazy(f"{ROOM}.people:enrol", "Enrol members in a programme."),
    "round": Lazy(f"{ROOM}.round:round_", "Rounds: run, watch, review, what-if, publish, report."),
    "skills": Lazy(f"{ROOM}.skills:skills", "The company's list of skills: list, add, merge."),
    "token": Lazy(f"{ROOM}.token:token", "Print an access token of the local issuer."),
    "events": Lazy(f"{ROOM}.events:events", "Follow the facts as other systems read them: tail."),
    "match": Lazy("services.matching.entrypoints.cli:match", "Pair a people file without any server."),
    "replay": Lazy(f"{ROOM}.replay:replay", "Build what a service remembers anew from the topics."),
    "verify": Lazy(f"{ROOM}.replay:verify", "Hold topics, replicas and outboxes against each other."),
    "trace": Lazy(f"{ROOM}.trace:trace", "The way of one command through facts and logs."),
    "dead-letters": Lazy(f"{ROOM}.dead_letters:dead_letters", "Messages set aside: list, show, redrive, discard."),
}
FLAGS_OF_THE_ROOT = (
    *("--profile-url", "--matching-url", "--scheduling-url", "--notification-url"),
    *("--token", "--kafka", "--stack"),
)


def all_commands() -> dict[str, Lazy]:
    """Return our own commands and those that services and extensions add by entry points; ours cannot be replaced."""
    found = {
        point.name: Lazy(point.value, f"Added by {point.dist.name if point.dist else 'an extension'}.")
        for point in sorted(metadata.entry_points(group=GROUP), key=lambda one: one.name)
    }
    return {**COMMANDS, **{name: lazy for name, lazy in found.items() if name not in COMMANDS}}


class LazyGroup(TyperGroup):
    """Lists stubs; imports a command when it is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the stub (with typer's own suggestions for a typing error) and put the real command in its place."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, all_commands()[str(name)].load(), rest


def root(
    context: typer.Context,
    *,
    profile_url: Annotated[str | None, typer.Option(help="Where profile is, when `tandem up` did not start it.")] = None,
    matching_url: Annotated[str | None, typer.Option(help="Where matching is.")] = None,
    scheduling_url: Annotated[str | None, typer.Option(help="Where scheduling is.")] = None,
    notification_url: Annotated[str | None, typer.Option(help="Where notification is.")] = None,
    token: Annotated[str | None, typer.Option(help="Your access token (better: in TANDEM_CONSOLE_TOKEN).")] = None,
    kafka: Annotated[str | None, typer.Option(help="Kafka's address; logins by TANDEM_KAFKA__….")] = None,
    stack: Annotated[Path | None, typer.Option(help="The file that `tandem up` wrote (.tandem/stack.json).")] = None,
) -> None:
    """Tandem: peer mentoring for a whole enterprise. The flags below may stand before or after a command."""
    urls = {"profile": profile_url, "matching": matching_url, "scheduling": scheduling_url, "notification": notification_url}
    given = {name: url for name, url in urls.items() if url}
    context.obj = TargetConnections(Target.from_outside(given, token, kafka, stack))


def build() -> typer.Typer:
    """Return the root with a stub for each command."""
    app = typer.Typer(
        name="tandem", cls=LazyGroup, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, epilog=EPILOG
    )
    app.callback(epilog=EPILOG)(root)
    for name, lazy in all_commands().items():
        app.command(name=name, help=lazy.help)(_stub)
    return app


def _stub() -> None:
    """Stand in for a command in the root's help."""


def hoisted(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the root's flags first, wherever they stood: `tandem status --profile-url U` works, too."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in FLAGS_OF_THE_ROOT:
            front += [argument, *([value] if (value := next(waiting, None)) is not None else [])]
        elif argument.partition("=")[0] in FLAGS_OF_THE_ROOT:
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; every trouble of ours is one readable line on stderr."""
    try:
        build()(hoisted(sys.argv[1:] if arguments is None else arguments), prog_name="tandem")
    except ConsoleTrouble as trouble:
        sys.stderr.write("\n".join([f"tandem: {trouble}", *(f"    {line}" for line in trouble.lines)]) + "\n")
        return trouble.exit_code
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else Exit.DONE
    return Exit.DONE
