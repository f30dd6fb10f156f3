"""Makes the demo's people file: a believable company with skewed sizes, a reporting tree, and a few honest mistakes.

`python -m deploy.demo.company` writes `deploy/demo/company.csv` anew (needs the development dependency Faker).
Names come from Faker; departments, levels, skills and reporting lines do not, because its even randomness is no company.
"""

import csv
import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.kernel.randomness import seeded

PEOPLE = 200
SEED = "tandem-demo-company-1"
TARGET = Path(__file__).with_name("company.csv")
COLUMNS = (
    "member_id", "email", "display_name", "department", "job_family", "level", "years", "site", "country", "timezone", "manager_id",
    "start_date", "languages", "offers", "wants", "goals", "challenges", "challenges_long", "capacity", "working_hours",
)  # fmt: skip
# (name, share of staff, job families, skills its people own)
DEPARTMENTS: tuple[tuple[str, int, tuple[str, ...], tuple[str, ...]], ...] = (
    ("Engineering", 34, ("Software Engineering", "Platform Engineering", "Quality Engineering"), (
        "Python", "Java", "Kubernetes", "Software architecture", "Code review", "Test automation", "CI/CD", "Observability",
        "API design", "SQL")),
    ("Data", 12, ("Data Science", "Data Engineering"), (
        "Python", "SQL", "Machine learning", "Data visualisation", "Statistics", "Experiment design", "Data modelling")),
    ("Product", 10, ("Product Management", "Design"), (
        "Product strategy", "User research", "Roadmapping", "Interface design", "Prioritisation", "Experiment design", "Facilitation")),
    ("Sales", 16, ("Account Management", "Sales Engineering"), (
        "Negotiation", "Account planning", "Presentation skills", "Customer discovery", "Forecasting", "Storytelling")),
    ("Customer Success", 10, ("Support", "Onboarding"), (
        "Difficult conversations", "Customer discovery", "Process improvement", "Facilitation", "Writing")),
    ("Finance", 8, ("Controlling", "Accounting"), ("Budgeting", "Forecasting", "Financial analysis", "Excel", "Compliance")),
    ("People", 6, ("Recruiting", "People Partner"), (
        "Interviewing", "Coaching", "Employment law", "Facilitation", "Difficult conversations")),
    ("Operations", 4, ("Procurement", "Facilities"), ("Process improvement", "Negotiation", "Vendor management", "Project management")),
)  # fmt: skip
COMMON = ("Presentation skills", "Project management", "Writing", "Time management", "English")
ASPIRATIONS = (
    "Leadership", "Delegation", "Giving feedback", "Public speaking", "Negotiation", "Stakeholder management", "Difficult conversations",
    "Machine learning", "Product strategy", "Financial analysis", "Storytelling", "Coaching", "Career planning", "Python", "Prioritisation",
)  # fmt: skip
RARE = ("Kite building workshops", "Retail analytics", "Esperanto", "Sociocracy")
GOALS = (
    "Lead a team",
    "Change department",
    "Become a specialist",
    "Grow my network",
    "Speak at a conference",
    "Work abroad",
    "Return from leave",
)
CHALLENGES = ("New in role", "Remote team", "Workload", "Conflict in the team", "Reorganisation", "Unclear priorities")
CHALLENGES_LONG = ("Visibility", "Next career step", "Specialist or manager", "Work and family")
SITES = (
    ("Berlin", "DE", "Europe/Berlin", ("de", "en"), "mo-fr 09:00-17:00", 38),
    ("Munich", "DE", "Europe/Berlin", ("de", "en"), "mo-fr 08:30-16:30", 18),
    ("Lisbon", "PT", "Europe/Lisbon", ("en", "pt"), "mo-fr 09:00-18:00", 14),
    ("London", "GB", "Europe/London", ("en",), "mo-fr 09:00-17:30", 14),
    ("New York", "US", "America/New_York", ("en",), "mo-fr 08:00-16:30", 10),
    ("Bengaluru", "IN", "Asia/Kolkata", ("en", "hi"), "mo-fr 10:00-18:30", 6),
)
LOCALES = {"DE": "de_DE", "PT": "pt_PT", "GB": "en_GB", "US": "en_US", "IN": "en_IN"}


@dataclass(kw_only=True)
class Person:
    """One row of the file."""

    key: str
    level: int
    department: str
    manager: str = ""
    row: dict[str, str] = field(default_factory=dict)


def people(count: int = PEOPLE, seed: str = SEED) -> Iterator[dict[str, str]]:
    """Yield the rows of a company of `count` people; the same seed gives the same people."""
    source = seeded(seed)
    names = _names(source.getrandbits(32))
    staff = [_placed(source, number, count) for number in range(1, count + 1)]
    taken: dict[str, int] = {}
    for person in staff:
        person.manager = _manager_of(source, person, staff)
        yield _row(source, person, names, taken)


def _placed(source: random.Random, number: int, count: int) -> Person:
    """Give a person a department and a level: few at the top, many in the middle, heads first."""
    heads = len(DEPARTMENTS)
    if number == 1:
        return Person(key="E-1001", level=8, department="Management")
    if number <= heads + 1:
        return Person(key=f"E-{1000 + number}", level=7, department=DEPARTMENTS[number - 2][0])
    department = source.choices([entry[0] for entry in DEPARTMENTS], [entry[1] for entry in DEPARTMENTS])[0]
    level = 6 if number <= max(heads + 2, count // 10) else source.choices((1, 2, 3, 4, 5), (12, 26, 32, 20, 10))[0]
    return Person(key=f"E-{1000 + number}", level=level, department=department)


def _manager_of(source: random.Random, person: Person, staff: Sequence[Person]) -> str:
    if person.level == 8:  # noqa: PLR2004 - the top of the pyramid
        return ""
    wanted = 8 if person.level == 7 else 7 if person.level == 6 else 6  # noqa: PLR2004 - levels 8, 7, 6 lead
    above = [other for other in staff if other.level == wanted and (wanted == 8 or other.department == person.department)]  # noqa: PLR2004
    above = above or [other for other in staff if other.level > max(person.level, 5) and other.department == person.department]
    return (source.choice(above) if above else staff[0]).key


def _row(source: random.Random, person: Person, names: dict[str, Any], taken: dict[str, int]) -> dict[str, str]:
    site, country, zone, languages, hours, _ = source.choices(SITES, [entry[-1] for entry in SITES])[0]
    name = _name(names[country])
    mailbox = _mailbox(name, taken)
    years = round(max(0.5, source.gauss(person.level * 2.6, 2.0)), 1)
    offers, wants = _skills(source, person)
    return {
        "member_id": person.key,
        "email": f"{mailbox}@corp.example",
        "display_name": name,
        "department": person.department,
        "job_family": _family(source, person.department),
        "level": str(person.level),
        "years": str(years),
        "site": site,
        "country": country,
        "timezone": zone,
        "manager_id": person.manager,
        "start_date": f"{2026 - min(int(years), 20)}-{source.randint(1, 9):02d}-01",
        "languages": ";".join(languages),
        "offers": ";".join(offers),
        "wants": ";".join(wants),
        "goals": ";".join(source.sample(GOALS, source.choice((0, 1, 1, 2)))),
        "challenges": ";".join(source.sample(CHALLENGES, source.choice((0, 1, 1, 2)))),
        "challenges_long": ";".join(source.sample(CHALLENGES_LONG, source.choice((0, 1, 1)))),
        "capacity": source.choice(("1", "1", "1", "2")),
        "working_hours": hours,
    }


def _skills(source: random.Random, person: Person) -> tuple[list[str], list[str]]:
    """Offers come mostly from one's own craft, wants mostly from where one is going; one in fifteen says nothing."""
    own = next((entry[3] for entry in DEPARTMENTS if entry[0] == person.department), ("Leadership", "Stakeholder management"))
    if person.level < 7 and source.random() < 1 / 15:  # noqa: PLR2004 - heads set an example
        return [], []
    grown = ("Leadership", "Delegation", "Giving feedback", "Stakeholder management") if person.level > 5 else ()  # noqa: PLR2004
    offers = source.sample(own, min(len(own), source.randint(2, 4))) + source.sample(COMMON, 1) + source.sample(grown, min(2, len(grown)))
    if source.random() < 1 / 25:
        offers.append(source.choice(RARE))
    foreign = [skill for entry in DEPARTMENTS if entry[0] != person.department for skill in entry[3]]
    pool = [skill for skill in (*ASPIRATIONS, *source.sample(foreign, 6), *own) if skill not in offers]
    return list(dict.fromkeys(offers)), list(dict.fromkeys(source.sample(pool, source.randint(1, 4))))


def _family(source: random.Random, department: str) -> str:
    return source.choice(next((entry[2] for entry in DEPARTMENTS if entry[0] == department), ("General Management",)))


def _name(maker: Any) -> str:
    """Return a name without titles; Faker also knows surnames such as "Dussen van", which nobody would believe."""
    while True:
        name = f"{maker.first_name()} {maker.last_name()}"
        if all(word[0].isupper() for word in name.split()):
            return name


def _mailbox(name: str, taken: dict[str, int]) -> str:
    german = name.lower().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"})
    plain = unicodedata.normalize("NFKD", german)
    mailbox = ".".join("".join(c for c in part if c.isascii() and c.isalnum()) or "x" for part in plain.split())
    taken[mailbox] = taken.get(mailbox, 0) + 1
    return mailbox if taken[mailbox] == 1 else f"{mailbox}{taken[mailbox]}"


def _names(seed: int) -> dict[str, Any]:
    from faker import Faker  # noqa: PLC0415 - a development dependency; the shipped file needs it no more

    makers = {}
    for country, locale in LOCALES.items():
        makers[country] = Faker(locale)
        makers[country].seed_instance(seed)
    return makers


def mistakes(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Return what a real file brings along: a zone that does not exist, a level in words, somebody else's address."""
    blank = dict.fromkeys(COLUMNS, "")
    return [
        blank | {"member_id": "E-9001", "email": "temp.one@corp.example", "display_name": "Temp One", "timezone": "Europe/Atlantis"},
        blank | {"member_id": "E-9002", "email": "temp.two@corp.example", "display_name": "Temp Two", "level": "senior"},
        blank | {"member_id": "E-9003", "email": rows[10]["email"], "display_name": "Double Address"},
    ]


def write(target: Path = TARGET, count: int = PEOPLE) -> None:
    """Write the people file."""
    rows = list(people(count))
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows + mistakes(rows))


if __name__ == "__main__":
    write()
