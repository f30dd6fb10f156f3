"""How a command ends: the exit codes, and troubles that are one readable line."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command; scripts may rely on them."""

    DONE = 0
    FAILED = 1
    """It could not be done: something is away, did not start, or said no."""
    USAGE = 2
    """The command line or the given file is not usable; nothing was sent."""
    SOME_REFUSED = 3
    """The good part was done, another part was refused and is listed."""
    INTERRUPTED = 130


class ConsoleTrouble(Exception):
    """A command cannot go on. `str()` is the line that the user reads; `lines` are details below it."""

    def __init__(self, sentence: str, *, exit_code: Exit = Exit.FAILED, lines: tuple[str, ...] = ()) -> None:
        """Keep what to say and how to end."""
        super().__init__(sentence)
        self.exit_code = exit_code
        self.lines = lines


class Unusable(ConsoleTrouble):
    """What the user gave (an argument, a file) is not usable."""

    def __init__(self, sentence: str) -> None:
        """End with the code for wrong usage."""
        super().__init__(sentence, exit_code=Exit.USAGE)


class ServiceAway(ConsoleTrouble):
    """A service does not answer."""

    def __init__(self, service: str, url: str) -> None:
        """Say which one and what to look at."""
        super().__init__(f"{service} does not answer at {url}: is `tandem up` running, or does --{service}-url name another place?")


class Refused(ConsoleTrouble):
    """A service said no. `status` and `code` are those of its problem document."""

    def __init__(self, service: str, status: int, code: str, title: str, detail: str = "", *, lines: tuple[str, ...] = ()) -> None:
        """Say who refused and why; `lines` are its problems, one each."""
        super().__init__(f"{service} says no: {title} ({code}{', ' + detail if detail else ''})", lines=lines)
        self.status = status
        self.code = code
