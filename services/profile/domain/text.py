"""Folding of words: two spellings of one thing become equal; a word inside another word never counts."""

import re
import unicodedata

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_TOKEN = re.compile(r"[^\W_]+[+#]*")
_SIGNS = {"+": "plus", "#": "sharp"}
_TWINS = str.maketrans({"-": "\u2010", "/": "\u2044", ".": "\u00b7", "$": "\uff04"})
_CODE_LENGTH_MAX = 60
_INVISIBLE = dict.fromkeys([0x00AD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF])
"""Zero-width signs and signs that turn the direction of what follows: they make two equal keys differ and a name lie in a mail.
Joiners stay: emoji and Persian need them."""


PLACEHOLDERS = frozenset(
    {
        *("other", "others", "n/a", "n.a.", "n. a.", "not applicable", "none", "nothing", "null", "nil", "unknown", "tbd", "tba"),
        *("-", "--", "\u2013", "\u2014", "?", "??", ".", "/"),
        *("keine", "keiner", "keines", "keine angabe", "k.a.", "k. a.", "sonstige", "sonstiges", "andere", "unbekannt", "nicht zutreffend"),
    }
)
"""What people and exports write for "nothing said"; it counts as an empty cell, never as a department that many share."""


def is_placeholder(text: str) -> bool:
    """Tell whether a text says only that nothing is said."""
    return fold(text) in PLACEHOLDERS


def fold(text: str) -> str:
    """Return `text` with width, case and blanks made equal, accents written out (German) or dropped."""
    if text.isascii():
        return " ".join(text.casefold().split())
    composed = unicodedata.normalize("NFKC", text).casefold().translate(_GERMAN)
    decomposed = unicodedata.normalize("NFKD", composed)
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(unicodedata.normalize("NFC", bare).split())


def tokens(text: str) -> tuple[str, ...]:
    """Return the words of `text`, folded. "C++", "C#" and "C" stay three different words; "AI" is no part of "retail"."""
    return tuple(_TOKEN.findall(fold(text)))


def slug(text: str) -> str:
    """Return a code for `text`: its words joined by hyphens, "" when it has none."""
    words = ("".join(_SIGNS.get(sign, sign) for sign in word) for word in tokens(text))
    return "-".join(words)[:_CODE_LENGTH_MAX].rstrip("-")


def tag_code(text: str) -> str:
    """Return a code for words that no list knows: as `slug`, but the signs between words stay, so that nothing is merged by punctuation.

    `project a-1` and `project a 1` may be two projects; only a person can tell. Signs that mean something in an address or a
    stored name have a twin that looks alike.
    """
    folded, words = fold(text), tokens(text)
    if folded == " ".join(words):
        return slug(text)
    return folded.translate(_TWINS).replace(" ", "-")[:_CODE_LENGTH_MAX] if words else ""


def tidy(text: str) -> str:
    """Return `text` as its writer meant it: NFC, no invisible marks, outer blanks cut, inner runs of blanks made one."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_INVISIBLE).split())


def has_controls(text: str) -> bool:
    """Tell whether `text` holds signs that no name or word has (NUL, escape, line ends, unreadable bytes)."""
    return not text.isprintable() and any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in text)
