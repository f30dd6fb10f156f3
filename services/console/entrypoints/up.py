"""`tandem up`: servers and services on this machine until Ctrl-C."""

import os
from pathlib import Path
from typing import Annotated

import typer

from deploy.local.stack_file import StackFile, remove_own, stack_path
from services.console.domain.endings import ConsoleTrouble, Exit
from services.console.entrypoints.output import Json, print_json, print_note, print_table, run


def up(
    keep: Annotated[
        Path | None, typer.Option("--keep", help="Keep all data in this folder; the next start finds them again.", file_okay=False)
    ] = None,
    mail: Annotated[Path | None, typer.Option("--mail", help="Put received mails into this folder.", file_okay=False)] = None,
    as_json: Json = False,
) -> None:
    """Start Kafka, MongoDB, a mailbox and the four services here; Ctrl-C ends all of it.

    Example: tandem up --keep ./tandem-data
    """
    from deploy.local.signals import Interrupted, interruptible  # noqa: PLC0415 - loads what only this command needs
    from deploy.local.trouble import LaunchTrouble  # noqa: PLC0415

    try:
        run(interruptible(_up(keep, mail, as_json=as_json)))
    except Interrupted:
        print_note("stopped")  # Ctrl-C is how this command is meant to end
    except LaunchTrouble as trouble:
        raise ConsoleTrouble(str(trouble), lines=trouble.lines) from trouble
    raise typer.Exit(Exit.DONE)


async def _up(keep: Path | None, mail: Path | None, *, as_json: bool) -> int:
    from deploy.local.stack import StackOptions, running_stack  # noqa: PLC0415 - as above

    path = stack_path().absolute()
    async with running_stack(StackOptions(keep=keep, mail_folder=mail), print_note) as stack:
        described = StackFile(
            urls=stack.urls,
            kafka=stack.kafka.settings,
            keys=str(stack.folder.keys),
            mail=str(stack.mail.folder),
            logs=str(stack.logs),
            pids=str(stack.folder.pids),
            launcher=os.getpid(),
        )
        described.write(path)
        try:
            _announce(described, stack.banner, path, as_json=as_json)
            await stack.died()
        finally:
            remove_own(path, os.getpid())
    return Exit.DONE


def _announce(stack: StackFile, banner: list[str], path: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"urls": stack.urls, "kafka": stack.kafka, "stack_file": str(path)})
        return
    for line in banner:
        print_note(line)
    print_table(
        "Tandem is up", ("service", "HTTP API", "OpenAPI"), [(name, url, f"{url}/openapi.json") for name, url in stack.urls.items()]
    )
    print_note("In another terminal: tandem import PEOPLE.csv, tandem status, tandem events tail. Ctrl-C here stops everything.")
