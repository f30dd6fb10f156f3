"""What the launcher says when something cannot be started: one sentence, then the log's last lines."""


class LaunchTrouble(Exception):
    """Something cannot run here. `str()` is one readable sentence; `lines` are the log's last words, if there are any."""

    def __init__(self, sentence: str, lines: tuple[str, ...] = ()) -> None:
        """Keep the sentence and the lines."""
        super().__init__(sentence)
        self.lines = lines

    def report(self) -> str:
        """Return the sentence and the indented lines, ready to print."""
        return "\n".join([str(self), *(f"    {line}" for line in self.lines)])


class PortTaken(LaunchTrouble):
    """Somebody took the port between choosing and binding. The launcher tries again with another one."""


class NoServer(LaunchTrouble):
    """This machine has no such server to offer; the sentence says what to install or to set."""
