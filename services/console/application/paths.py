"""Names that people type become one part of a path, whatever is in them."""

from urllib.parse import quote

from services.console.domain.endings import Unusable


def part(name: str) -> str:
    """Return `name` as one part of a URL's path: a slash or a question mark in it leads nowhere else.

    Raises:
        Unusable: when it is empty or means another folder.

    """
    if name.strip() in {"", ".", ".."}:
        raise Unusable(f'"{name}" cannot be a name')
    return quote(name, safe="")
