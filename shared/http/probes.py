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

    @router.get("/live")
    async def live(response: Response) -> Probe:
        """Say that the process answers; broker and database may be away (that is `/ready`)."""
        response.headers["Cache-Control"] = "no-store"
        return Probe(status="live", checks={})

    @router.get("/ready", responses={503: {"model": Probe}})
    async def ready(response: Response) -> Probe:
        """Say whether broker and database answer; what is missing is named."""
        return _shown(await health.ready(), response)

    @router.get("/metrics", response_class=Response)
    async def figures() -> Response:
        """Return the figures in the Prometheus text format."""
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return router


def _shown(report: Report, response: Response) -> Probe:
    response.headers["Cache-Control"] = "no-store"
    if not report.ok:
        response.status_code = 503
    return Probe(status="ready" if report.ok else "not-ready", checks=report.checks)
