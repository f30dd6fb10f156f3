"""Find a member by Tandem's id or by the company's own key."""

import uuid

from services.console.application.ports import HR_ADMIN, Api
from services.console.domain.endings import ConsoleTrouble


def is_member_id(text: str) -> bool:
    """Say whether `text` has the form of Tandem's own ids."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


async def member_id_of(text: str, api: Api) -> str:
    """Return Tandem's id of the member that `text` names.

    Raises:
        ConsoleTrouble: when there is no such member.

    """
    if is_member_id(text):
        return text.lower()
    page = await api.call("GET", "profile", "/members", role=HR_ADMIN, query={"company_key": text})
    found = [item["id"] for item in page["items"] if item.get("company_key", text) == text]
    if not found:
        raise ConsoleTrouble(f"There is no member with the company key {text}: was the people file imported?")
    return str(found[0])
