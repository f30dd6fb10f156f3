"""Figures for operations, in a registry of their own that hangs on what `main.py` builds. Labels are codes, never ids."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What HTTP measures. Other rooms add their own figures to `registry`."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Use `registry`, or a new one."""
        self.registry = registry or CollectorRegistry()
        self.requests = Counter("tandem_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry)
        self.request_seconds = Histogram("tandem_http_request_seconds", "Time to the answer.", ["method", "route"], registry=self.registry)
        self.commands = Counter("tandem_commands", "Commands by outcome.", ["command", "code"], registry=self.registry)
        self.command_seconds = Histogram(
            "tandem_command_seconds", "Time of a command, its transaction included.", ["command"], registry=self.registry
        )
        self.part_failures = Counter("tandem_part_failures", "Background parts that failed.", ["part"], registry=self.registry)

    def render(self) -> bytes:
        """Return all figures in the Prometheus text format."""
        return generate_latest(self.registry)
