"""How the domain's values are written and read; compiled once per process and given to every unit of work by `main.py`."""

from pydantic import TypeAdapter

from services.matching.domain.card import Card
from services.matching.domain.snapshot import Explanation, FrozenMember, Leaf


class Shapes:
    """One compiled shape for each kind of document."""

    def __init__(self) -> None:
        self.card: TypeAdapter[Card] = TypeAdapter(Card)
        self.sides: TypeAdapter[dict[str, Explanation]] = TypeAdapter(dict[str, Explanation])
        self.frozen: TypeAdapter[list[FrozenMember]] = TypeAdapter(list[FrozenMember])
        self.leaf: TypeAdapter[Leaf] = TypeAdapter(Leaf)
