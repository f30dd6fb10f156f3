"""Strategies and small crowds for the engine's tests."""

from hypothesis import strategies as st

from services.matching.engine import Person

SKILLS = st.sampled_from([f"s{n}" for n in range(6)])
TAGS = st.sampled_from([f"t{n}" for n in range(5)])


@st.composite
def person(draw: st.DrawFn, number: int, people: int) -> Person:
    """Draw one person of a small crowd: few codes, so that much meets; anything may be missing."""
    others = st.integers(0, people - 1).map(lambda other: f"p{other:02d}")
    return Person(
        id=f"p{number:02d}",
        offers=draw(st.dictionaries(SKILLS, st.none() | st.integers(1, 5), max_size=3)),
        wants=draw(st.dictionaries(SKILLS, st.none() | st.integers(1, 3), max_size=3)),
        goals=tuple(sorted(draw(st.sets(TAGS, max_size=2)))),
        challenges=tuple(sorted(draw(st.sets(TAGS, max_size=2)))),
        challenges_long=tuple(sorted(draw(st.sets(TAGS, max_size=1)))),
        experience=tuple(sorted(draw(st.sets(TAGS, max_size=2)))),
        level=draw(st.none() | st.integers(1, 8)),
        years=draw(st.none() | st.floats(0, 40).map(lambda years: round(years, 1))),
        job_family=draw(st.none() | st.sampled_from(["f1", "f2"])),
        department=draw(st.none() | st.sampled_from(["d1", "d2"])),
        site=draw(st.none() | st.sampled_from(["x1", "x2"])),
        languages=tuple(sorted(draw(st.sets(st.sampled_from(["de", "en"]), max_size=2)))),
        availability=draw(st.sampled_from([(), ((480, 600),), ((570, 660), (1980, 2040)), ((1920, 2040),)])),
        manager_chain=draw(st.sampled_from([(), ()]) | others.map(lambda other: (other,))),
        do_not_pair=draw(st.sampled_from([(), (), ()]) | others.map(lambda other: (other,))),
        past_partners=draw(st.sampled_from([(), (), ()]) | others.map(lambda other: (other,))),
        seats=draw(st.sampled_from([1, 1, 1, 2, 0])),
        left_out=draw(st.booleans()),
    )


@st.composite
def crowd(draw: st.DrawFn, most: int = 10, least: int = 2) -> list[Person]:
    """Draw a small crowd."""
    people = draw(st.integers(least, most))
    return [draw(person(number, people)) for number in range(people)]
