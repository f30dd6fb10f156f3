"""An import keeps how the company writes its departments, job families and sites, so that mails need not guess it from codes."""

from collections.abc import Mapping

from services.profile.application.ports import UnitOfWork


async def keep_labels(labels: Mapping[tuple[str, str], str], uow: UnitOfWork) -> None:
    """Keep the spelling of the newest file; the same again changes nothing."""
    known = await uow.labels.all()
    new = {place: label for place, label in labels.items() if known.get(place) != label}
    if new:
        await uow.labels.keep(new)
