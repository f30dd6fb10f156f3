"""Zones, countries and their languages from the time-zone data and CLDR that are installed: no list of our own to grow old."""

from datetime import UTC, datetime
from importlib import resources
from zoneinfo import ZoneInfo

from babel.languages import get_official_languages

from services.profile.domain.reference import Reference
from services.profile.domain.working_hours import parse_hours

_NO_PLACE = frozenset({"Factory", "posixrules", "localtime"})
_MONTHS = tuple(datetime(2026, month, 1, 12, tzinfo=UTC) for month in range(1, 13))


def load_reference(*, default_zone: str, default_language: str, default_hours: str) -> Reference:
    """Read the installed data once, at start.

    Raises:
        ValueError: when a default of the settings is no zone or no working hours.

    """
    data = resources.files("tzdata")
    zones = {name.casefold(): name for name in _lines(data.joinpath("zones").read_text()) if name not in _NO_PLACE}
    if default_zone.casefold() not in zones:
        raise ValueError("the default time zone is no IANA zone")
    countries = tuple(line.split("\t")[0] for line in _lines(data.joinpath("zoneinfo", "iso3166.tab").read_text()))
    return Reference(
        zones=zones,
        countries=countries,
        zone_of_country=_single_zones(data.joinpath("zoneinfo", "zone.tab").read_text()),
        language_of_country=_languages(countries),
        default_zone=zones[default_zone.casefold()],
        default_language=default_language,
        default_hours=parse_hours(default_hours),
    )


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _single_zones(table: str) -> dict[str, str]:
    """Return countries in which every zone shows the same time all year, with their first zone."""
    by_country: dict[str, list[str]] = {}
    for line in _lines(table):
        country, _, zone = line.split("\t")[:3]
        by_country.setdefault(country, []).append(zone)
    return {country: zones[0] for country, zones in by_country.items() if len({_year(zone) for zone in zones}) == 1}


def _year(zone: str) -> tuple[object, ...]:
    info = ZoneInfo(zone)
    return tuple(moment.astimezone(info).utcoffset() for moment in _MONTHS)


def _languages(countries: tuple[str, ...]) -> dict[str, str]:
    found = {country: get_official_languages(country, de_facto=True) for country in countries}
    return {country: languages[0] for country, languages in found.items() if languages}
