"""Why something happens: carried from the request to the event to the mail (N17)."""

from shared.kernel.values import value


@value
class Cause:
    """Correlation for one unit of work: the same `correlation_id` from HTTP call to mail."""

    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
