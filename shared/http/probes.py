"""`/live`, `/ready`, `/metrics`: for the orchestrator and the scraper; no people data, no token needed."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from shared.observability.health import Health, Report
from shared.observability.metrics import CONTENT_TYPE, Metrics


class Probe(BaseModel):
    """The answer of a probe: each check with `ok` or a short code."""

    status: str
    checks: dict[str, str]


def probes_router(health: Health, metrics: Metrics) -> APIRouter:
    """Build the three routes."""
    router = APIRouter(tags=["operations"])

    @router.get("/live", responses={503: {"model": Probe}})
    async def live(response: Response) -> Probe:
        """Say whether the process should go on: 503 once a background part failed too often in a row, never for a broker that is away."""
        return _shown(health.live(), response, "live")

    @router.get("/ready", responses={503: {"model": Probe}})
    async def ready(response: Response) -> Probe:
        """Say whether broker and database answer; what is missing is named."""
        return _shown(await health.ready(), response, "ready")

    @router.get("/metrics", response_class=Response)
    async def figures() -> Response:
        """Return the figures in the Prometheus text format."""
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return router


def _shown(report: Report, response: Response, word: str) -> Probe:
    response.headers["Cache-Control"] = "no-store"
    if not report.ok:
        response.status_code = 503
    return Probe(status=word if report.ok else f"not-{word}", checks=report.checks)
