"""Architecture, identity: every route with every role and with somebody else's ids."""

from shared.http.auth import Role
from tests.component.matching.house import ADA, BEN, CADENCE, CAT, PROGRAMME, House
from tests.component.matching.test_suggestions import desk, suggested
from tests.support.access import Row, violations
from tests.support.principals import caller

MEMBER = (Role.MEMBER,)
ADMINS = (Role.PROGRAMME_ADMIN, Role.HR_ADMIN)
OVERSEERS = (*ADMINS, Role.AUDITOR)
MINE = (PROGRAMME,)

ACTIONS = {
    "accept": None,
    "decline": None,
    "close": {"reason": "other"},
    "pause": {"until": "2027-04-01T00:00:00Z"},
    "resume": None,
    "keep": None,
    "charter/sign": {"digest": "x"},
}
"""What a member may do with a pairing, and with which body."""


def round_rows(round_: dict[str, str]) -> dict[str, Row]:
    """Return who may look at a round, and who may change it."""
    return {
        "GET /rounds/{round_id}": Row(roles=OVERSEERS, path=round_, programmes=MINE),
        "GET /rounds/{round_id}/report": Row(roles=OVERSEERS, path=round_, programmes=MINE),
        "GET /rounds/{round_id}/report.html": Row(roles=OVERSEERS, path=round_, programmes=MINE),
        "GET /rounds/{round_id}/review": Row(roles=ADMINS, path=round_, programmes=MINE),
        "POST /rounds/{round_id}/review": Row(roles=ADMINS, path=round_, body={}, programmes=MINE),
        "POST /rounds/{round_id}/what-if": Row(roles=ADMINS, path=round_, body={}, programmes=MINE),
        "POST /rounds/{round_id}/solve": Row(roles=ADMINS, path=round_, body={}, programmes=MINE),
        "POST /rounds/{round_id}/repair": Row(roles=ADMINS, path=round_, programmes=MINE),
        "POST /rounds/{round_id}/publish": Row(roles=ADMINS, path=round_, programmes=MINE),
        "POST /rounds/{round_id}/cancel": Row(roles=ADMINS, path=round_, programmes=MINE),
    }


def table(own: str, foreign: str, round_id: str) -> dict[str, Row]:
    """Return who may call what."""
    ours, theirs = {"pairing_id": own}, {"pairing_id": foreign}
    programme = {"programme_id": PROGRAMME}
    edit = {"If-Match": "*"}
    charter = {"purpose": "x", "cadence": CADENCE}
    asked = {"programme_id": PROGRAMME, "partner_id": CAT, "origin": "asked"}
    rows = {
        "GET /programmes": Row(roles=tuple(Role)),
        "GET /programmes/{programme_id}": Row(roles=tuple(Role), path=programme),
        "PUT /programmes/{programme_id}": Row(roles=ADMINS, path=programme, body={}, programmes=MINE),
        "POST /programmes/{programme_id}/preview": Row(roles=ADMINS, path=programme, programmes=MINE),
        "POST /programmes/{programme_id}/retire": Row(roles=ADMINS, path={"programme_id": "old"}, programmes=("old",)),
        "POST /programmes/{programme_id}/rounds": Row(roles=ADMINS, path=programme, body={}, programmes=MINE),
        "GET /programmes/{programme_id}/rounds": Row(roles=OVERSEERS, path=programme, programmes=MINE),
        "GET /programmes/{programme_id}/suggestions": Row(roles=MEMBER, path=programme),
        "GET /programmes/{programme_id}/suggestions/{other_id}/why-not": Row(roles=MEMBER, path=programme | {"other_id": BEN}),
        **round_rows({"round_id": round_id}),
        "GET /pairings": Row(roles=(Role.MEMBER, Role.SERVICE, Role.HR_ADMIN), query={"member_id": ADA}, foreign_query={"member_id": CAT}),
        "POST /pairings": Row(roles=MEMBER, body=asked),
        "GET /pairings/{pairing_id}": Row(roles=(Role.MEMBER, Role.SERVICE, Role.HR_ADMIN), path=ours, foreign=theirs),
        "GET /pairings/{pairing_id}/explanation": Row(
            roles=(Role.MEMBER, Role.SERVICE), path=ours, query={"member_id": ADA}, foreign=theirs, foreign_query={}
        ),
        "GET /pairings/{pairing_id}/charter": Row(roles=MEMBER, path=ours, foreign=theirs),
        "PUT /pairings/{pairing_id}/charter": Row(roles=MEMBER, path=ours, foreign=theirs, body=charter, headers=edit),
        "PUT /do-not-pair/{one}/{other}": Row(
            roles=(Role.MEMBER, Role.HR_ADMIN), path={"one": ADA, "other": "x"}, foreign={"one": BEN, "other": "x"}
        ),
        "DELETE /do-not-pair/{one}/{other}": Row(
            roles=(Role.MEMBER, Role.HR_ADMIN), path={"one": ADA, "other": "x"}, foreign={"one": BEN, "other": "x"}
        ),
    }
    return rows | {
        f"POST /pairings/{{pairing_id}}/{name}": Row(roles=MEMBER, path=ours, foreign=theirs, body=body) for name, body in ACTIONS.items()
    }


class TestAccess:
    """Members see only their own; admins see counts; the charter is the pair's alone."""

    async def test_every_route_keeps_to_the_table(self, house: House) -> None:
        """A new route without a row fails here."""
        desk(house)
        await house.opens(ADA, BEN, CAT, "dan", "eve")
        own, foreign = await house.forms(ADA, BEN), await house.forms(CAT, "dan")
        admin = caller(Role.HR_ADMIN)
        await house.does(admin, "PUT", "/programmes/old", {})
        round_id = (await house.does(admin, "POST", f"/programmes/{PROGRAMME}/rounds"))["round_id"]
        await suggested(house, ADA)
        assert await violations(house.app, table(own, foreign, round_id), member_id=ADA) == []

    async def test_a_document_that_names_two_kinds_is_refused(self, house: House) -> None:
        """R43: nobody has to guess which of two values counts."""
        body = {"kind": "peer", "rules": {"kind": "mentor"}}
        answer = await house.calls(caller(Role.HR_ADMIN), "PUT", f"/programmes/{PROGRAMME}", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "programme-invalid")

    async def test_a_programme_admin_rules_their_programmes_only(self, house: House) -> None:
        """Architecture 8: programme_admin is for programmes."""
        await house.opens(ADA)
        stranger = caller(Role.PROGRAMME_ADMIN, programmes=("other",))
        answer = await house.calls(stranger, "POST", f"/programmes/{PROGRAMME}/rounds")
        assert answer.status_code == 403
