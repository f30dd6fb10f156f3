"""`tandem demo`: Tandem's main job, shown once with a made-up company."""

from pathlib import Path
from typing import Annotated

import typer

from services.console.domain.endings import ConsoleTrouble
from services.console.entrypoints.output import print_note, run


def demo(
    people: Annotated[
        Path | None, typer.Option("--people", help="Your people file instead of the shipped company.", exists=True, dir_okay=False)
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Where summary, events, mails and logs go.", file_okay=False)] = Path("demo-out"),
) -> None:
    """Import a company, match it, let people answer, sign and meet; weeks pass in about a minute.

    Example: tandem demo --out demo-out
    """
    from deploy.demo.run import DemoOptions  # noqa: PLC0415 - starts servers; no other command needs it
    from deploy.demo.run import run as run_demo  # noqa: PLC0415
    from deploy.demo.story import DemoTrouble  # noqa: PLC0415
    from deploy.local.signals import Interrupted, interruptible  # noqa: PLC0415
    from deploy.local.trouble import LaunchTrouble  # noqa: PLC0415

    try:
        code = run(interruptible(run_demo(DemoOptions(people=people, out=out))))
    except Interrupted as interrupted:
        print_note("stopped; everything that was started has ended")
        raise typer.Exit(interrupted.exit_code) from None
    except LaunchTrouble as trouble:
        raise ConsoleTrouble(str(trouble), lines=trouble.lines) from trouble
    except DemoTrouble as trouble:
        raise ConsoleTrouble(str(trouble)) from trouble
    raise typer.Exit(code)
