"""Who reports to whom: the line of managers above each member (R5), and loops in it."""

from collections.abc import Iterator

_DEPTH_MAX = 64


class Management:
    """Managers by member, as a people file and the store together say.

    `direct` holds members whose manager is known here (they are in the file); of everybody else the stored line counts,
    up to the first member who is in the file.
    """

    def __init__(self) -> None:
        """Begin with nobody."""
        self._direct: dict[str, str | None] = {}
        self._stored: dict[str, tuple[str, ...]] = {}

    def set_manager(self, member_id: str, manager_id: str | None) -> None:
        """Say who somebody's manager is (None: nobody)."""
        self._direct[member_id] = manager_id

    def set_stored_chain(self, member_id: str, chain: tuple[str, ...]) -> None:
        """Say what is stored of somebody who is not in the file."""
        self._stored[member_id] = chain

    def manager_of(self, member_id: str) -> str | None:
        """Return the direct manager."""
        return self._direct.get(member_id)

    def holds(self, member_id: str) -> bool:
        """Tell whether somebody's direct manager (or that they have none) was said here."""
        return member_id in self._direct

    def chain(self, member_id: str) -> tuple[str, ...]:
        """Return all managers above a member, nearest first. A loop ends where it would repeat, so it never runs for ever."""
        return tuple(self._above(member_id))

    def chain_below(self, member_id: str, stored: tuple[str, ...]) -> tuple[str, ...]:
        """Return the line of a member who is not in the file but whose stored line may cross it."""
        self._stored.setdefault(member_id, stored)
        chain = self.chain(member_id)
        del self._stored[member_id]
        return chain

    def loop_of(self, member_id: str) -> tuple[str, ...]:
        """Return the members of the loop that a member is in, the member first; empty when there is none."""
        walked = [member_id]
        while (above := self._direct.get(walked[-1])) is not None and len(walked) < _DEPTH_MAX:
            if above == member_id:
                return tuple(walked)
            if above in walked:
                return ()
            walked.append(above)
        return ()

    def _above(self, member_id: str) -> Iterator[str]:
        seen = {member_id}
        waiting = self._next(member_id)
        while waiting and len(seen) < _DEPTH_MAX:
            manager, *rest = waiting
            if manager in seen:
                return
            seen.add(manager)
            yield manager
            waiting = self._next(manager) if manager in self._direct or not rest else tuple(rest)

    def _next(self, member_id: str) -> tuple[str, ...]:
        if member_id in self._direct:
            manager = self._direct[member_id]
            return () if manager is None else (manager,)
        return self._stored.get(member_id, ())
