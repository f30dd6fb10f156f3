"""The voice of one recipient: their language, their way of writing dates, their time zone.

Words come from gettext catalogues (`locales/<language>/LC_MESSAGES/notification.po`), read and compiled at start-up, so
that no build step can be forgotten. Dates, zones, lists and names of languages come from Babel.
"""

import gettext
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta, get_timezone_name
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locales"
DOMAIN = "notification"
SOURCE_LANGUAGE = "en"
REGION_WHEN_NONE = {"en": "en_GB"}
"""English without a region is written with day first and 24 hours."""
_OFFSET_NAME = re.compile(r"(GMT|UTC)[+\-\u2212]\d")
_SPACES = re.compile(r"[\u00a0\u2000-\u200a\u202f]")
_MARKS = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def plain(text: str) -> str:
    """Return `text` with ordinary spaces and without invisible marks, which spoil subjects and searches."""
    return _MARKS.sub("", _SPACES.sub(" ", text))


class Voice:
    """Speaks to one person. `say` takes the English sentence, as gettext does."""

    def __init__(self, translations: gettext.NullTranslations, locale: Locale, zone: tzinfo, zone_key: str) -> None:
        """Made by `Catalogues.voice`."""
        self._translations = translations
        self._locale = locale
        self._zone = zone
        self._zone_key = zone_key

    @property
    def language(self) -> str:
        """Return the language of the words."""
        return self._locale.language

    def say(self, sentence: str, /, **values: str | int) -> str:
        """Return the sentence in the recipient's language with its values. Values are never read as patterns."""
        return self._translations.gettext(sentence).format(**values)

    def listing(self, items: Sequence[str]) -> str:
        """Return `a, b and c` as the language writes it."""
        return plain(format_list(list(items), locale=self._locale)) if items else ""

    def day(self, moment: datetime) -> str:
        """Return the weekday and date on which `moment` falls for the recipient."""
        return plain(format_date(moment.astimezone(self._zone), "full", locale=self._locale))

    def clock_time(self, moment: datetime) -> str:
        """Return the time of day for the recipient."""
        return plain(format_time(moment.astimezone(self._zone), "short", tzinfo=self._zone, locale=self._locale))

    def zone_at(self, moment: datetime) -> str:
        """Return the zone by name, place and offset as it is at `moment`: a time without its zone is never shown."""
        local = moment.astimezone(self._zone)
        name = plain(get_timezone_name(local, width="long", locale=self._locale))
        offset = local.strftime("%z")
        spelled = "UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:5]}"
        if _OFFSET_NAME.match(name):  # a zone without a name of its own in this language: the place names it
            return f"{self._zone_key} ({spelled})"
        return f"{name} ({', '.join(dict.fromkeys((self._zone_key, spelled)))})"

    def moment(self, moment: datetime) -> str:
        """Return date, time and zone of an instant."""
        return self.say("{day}, {time}, {zone}", day=self.day(moment), time=self.clock_time(moment), zone=self.zone_at(moment))

    def span(self, start: datetime, end: datetime) -> str:
        """Return date, times and zone of a meeting, also one that ends after the recipient's midnight."""
        last = self.clock_time(end) if self.day(start) == self.day(end) else f"{self.day(end)}, {self.clock_time(end)}"
        return self.say(
            "{day}, {start} to {end}, {zone}", day=self.day(start), start=self.clock_time(start), end=last, zone=self.zone_at(start)
        )

    def length(self, span: timedelta) -> str:
        """Return a duration, as `60 minutes`."""
        return plain(format_timedelta(span, granularity="minute", threshold=2, locale=self._locale))

    def language_name(self, tag: str) -> str:
        """Return the name of a language."""
        try:
            named = Locale.parse(tag, sep="-").get_display_name(self._locale)
        except (UnknownLocaleError, ValueError):
            named = None
        return plain(named or tag)


class Catalogues:
    """All languages that Tandem speaks, compiled from their `.po` files."""

    def __init__(self, default_language: str = SOURCE_LANGUAGE, folder: Path = LOCALES) -> None:
        """Read every catalogue in `folder`; `default_language` is for those whose language is not spoken."""
        files = sorted(folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
        self._spoken: Mapping[str, gettext.NullTranslations] = {file.parts[-3]: compiled(file) for file in files}
        self._default = default_language

    @property
    def languages(self) -> list[str]:
        """Return the languages there are."""
        return list(self._spoken)

    def voice(self, tag: str, zone_key: str) -> Voice:
        """Return the voice for a language tag and a time zone; unknown ones fall back to the default and to UTC."""
        locale = _locale(tag) or _locale(self._default) or Locale.parse(REGION_WHEN_NONE[SOURCE_LANGUAGE])
        if locale.language not in self._spoken:
            locale = _locale(self._default) or locale
        zone, key = _zone(zone_key)
        return Voice(self._spoken.get(locale.language, gettext.NullTranslations()), locale, zone, key)


def compiled(file: Path) -> gettext.GNUTranslations:
    """Return a catalogue from its `.po` file."""
    with file.open("rb") as source:
        catalogue = read_po(source)
    binary = io.BytesIO()
    write_mo(binary, catalogue)
    binary.seek(0)
    return gettext.GNUTranslations(binary)


def _locale(tag: str) -> Locale | None:
    try:
        return Locale.parse(REGION_WHEN_NONE.get(tag.lower(), tag.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        pass
    try:
        return Locale.parse(tag.replace("_", "-").split("-")[0])
    except (UnknownLocaleError, ValueError):
        return None


def _zone(key: str) -> tuple[tzinfo, str]:
    try:
        return ZoneInfo(key), key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC, "UTC"
