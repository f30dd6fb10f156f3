"""What a file is, by its first bytes and never by its name."""

from enum import StrEnum

HEAD_BYTES = 4_096
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


class FileKind(StrEnum):
    """Kinds of files that people send when asked for a table."""

    TEXT = "csv"
    WORKBOOK = "xlsx"
    OLD_WORKBOOK = "old-workbook"
    """Excel before 2007, or a workbook with a password: both begin alike."""
    PDF = "pdf"
    EMPTY = "empty"


def kind_of(head: bytes) -> FileKind:
    """Return what a file is that begins with `head`."""
    if not head:
        return FileKind.EMPTY
    if head.startswith(_ZIP):
        return FileKind.WORKBOOK
    if head.startswith(_OLE):
        return FileKind.OLD_WORKBOOK
    return FileKind.PDF if head.startswith(b"%PDF") else FileKind.TEXT


def encoding_of(head: bytes) -> tuple[str, int]:
    """Return the encoding that a byte order mark names and the mark's length; without one UTF-8, or what has a NUL in each second byte."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    return "utf-16-le" if head[1::2].count(0) > len(head) // 4 else "utf-8", 0
