"""Architecture, identity: every route with every role, and with somebody else's id."""

from shared.http.auth import Role
from tests.component.profile.conftest import Profile
from tests.support.access import Row, violations

OWN, OTHER = {"member_id": "m-own"}, {"member_id": "m-other"}
ENROLMENT = {"programme_id": "peers"}
MEMBER, HR, SERVICE = Role.MEMBER, Role.HR_ADMIN, Role.SERVICE
PAUSE = {"until": "2027-01-01T00:00:00Z"}

TABLE = {
    "GET /skills": Row(roles=(MEMBER, Role.PROGRAMME_ADMIN, HR, SERVICE)),
    "GET /skills/list": Row(roles=(Role.PROGRAMME_ADMIN, HR)),
    "GET /skills/free": Row(roles=(HR,)),
    "PUT /skills/list/{code}": Row(roles=(HR,), path={"code": "kites"}, body={"en": "Kites"}),
    "POST /skills/list/{code}/merge": Row(roles=(HR,), path={"code": "kites"}, body={"into": "sql"}),
    "GET /members": Row(roles=(HR, SERVICE)),
    "GET /members/me": Row(roles=(MEMBER,)),
    "GET /members/{member_id}": Row(roles=(MEMBER, HR, SERVICE), path=OWN, foreign=OTHER),
    "PATCH /members/{member_id}": Row(roles=(MEMBER,), path=OWN, foreign=OTHER, body={}, headers={"If-Match": "*"}),
    "POST /members/{member_id}/enrolments": Row(roles=(MEMBER, HR), path=OWN, foreign=OTHER, body=ENROLMENT),
    "DELETE /members/{member_id}/enrolments/{programme_id}": Row(roles=(MEMBER, HR), path=OWN | ENROLMENT, foreign=OTHER | ENROLMENT),
    "POST /members/{member_id}/pause": Row(roles=(MEMBER, HR), path=OWN, foreign=OTHER, body=PAUSE),
    "POST /members/{member_id}/resume": Row(roles=(MEMBER, HR), path=OWN, foreign=OTHER),
    "POST /members/{member_id}/leave": Row(roles=(HR,), path=OWN),
    "POST /members/{member_id}/erase": Row(roles=(HR,), path=OWN),
    "POST /enrolments": Row(roles=(HR,), body=ENROLMENT),
    "POST /imports": Row(roles=(HR,)),
    "GET /imports/{import_id}": Row(roles=(HR,), path={"import_id": "i-1"}),
    "GET /imports/{import_id}/rows": Row(roles=(HR,), path={"import_id": "i-1"}),
}


class TestAccess:
    """Each route states who may call it."""

    async def test_every_route_with_every_role(self, profile: Profile) -> None:
        """N9: a route without a row in the table fails, too."""
        assert await violations(profile.app.http, TABLE, member_id="m-own") == []
