"""Who calls, and in which roles (architecture, section on identity)."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from shared.kernel.errors import NotAllowed


class Role(StrEnum):
    """What a principal may be. Tokens carry these words, or a group that settings map to one."""

    MEMBER = "member"
    PROGRAMME_ADMIN = "programme_admin"
    HR_ADMIN = "hr_admin"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    """Runs the system; sees no people data."""
    SERVICE = "service"
    """Another service of Tandem, for reads at the moment of use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller of one request, as the issuer's token names them."""

    subject: str
    member_id: str | None = None
    roles: tuple[Role, ...] = ()
    programmes: tuple[str, ...] = ()

    def has(self, *roles: Role) -> bool:
        """Say whether the principal has one of `roles`."""
        return any(role in self.roles for role in roles)

    def is_member(self, member_id: str) -> bool:
        """Say whether the principal acts as this member."""
        return self.has(Role.MEMBER) and self.member_id == member_id

    def as_member(self) -> str:
        """Return the member's id of one who acts as a member.

        Raises:
            NotAllowed: when the token names no member.

        """
        if self.member_id is None or not self.has(Role.MEMBER):
            raise NotAllowed(needs=Role.MEMBER.value)
        return self.member_id

    def require_self_or(self, member_id: str, *roles: Role) -> None:
        """Refuse unless the principal is this member or has one of `roles`."""
        if not self.is_member(member_id) and not self.has(*roles):
            raise NotAllowed

    def require_programme(self, programme_id: str) -> None:
        """Refuse a programme administrator of other programmes; HR administrators may everything."""
        if self.has(Role.HR_ADMIN) or (self.has(Role.PROGRAMME_ADMIN) and programme_id in self.programmes):
            return
        raise NotAllowed

    @property
    def opaque_id(self) -> str:
        """N17: the name that logs and audit rows use: the member's id, the service's name, else a digest."""
        if self.member_id is not None:
            return self.member_id
        if self.has(Role.SERVICE):
            return self.subject
        return hashlib.sha256(self.subject.encode()).hexdigest()[:16]
