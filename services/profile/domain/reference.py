"""What the world fixes (zones, countries, languages) and what a company presumes where a member says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from services.profile.domain.values import WorkingSpan


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Lists that values are checked against, and defaults. Built once by `main.py`; nothing here changes."""

    zones: Mapping[str, str]
    """Folded name → IANA name, links included."""
    countries: tuple[str, ...]
    zone_of_country: Mapping[str, str] = field(default_factory=dict)
    """Countries with a single zone."""
    language_of_country: Mapping[str, str] = field(default_factory=dict)
    default_zone: str = "UTC"
    default_language: str = "en"
    default_hours: tuple[WorkingSpan, ...] = ()

    def zone(self, name: str) -> str | None:
        """Return the IANA name that is meant by `name` in any case."""
        return self.zones.get(name.strip().casefold().replace(" ", "_"))

    def zones_like(self, name: str) -> list[str]:
        """Return up to three zones that look like `name`, for the remedy of a refusal."""
        wanted = name.strip().casefold().replace(" ", "_")
        by_city = [zone for folded, zone in self.zones.items() if folded.rsplit("/", 1)[-1] == wanted.rsplit("/", 1)[-1]]
        close = [self.zones[folded] for folded in get_close_matches(wanted, self.zones, n=3, cutoff=0.75)]
        return list(dict.fromkeys(by_city + close))[:3]

    def zone_for(self, zone: str | None, country: str | None) -> str:
        """Return the zone that counts: stated, else the country's only one, else the company's (N16)."""
        return zone or self.zone_of_country.get(country or "", self.default_zone)

    def locale_for(self, languages: tuple[str, ...], country: str | None) -> str:
        """Return the language that a member is written to in: first stated, else the country's, else English."""
        return languages[0] if languages else self.language_of_country.get(country or "", self.default_language)
