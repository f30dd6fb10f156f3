"""Reads what a demo run left behind, with nothing of our own code but the file names."""

import csv
import json
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any

from icalendar import Calendar


@dataclass
class Evidence:
    """The folder OUT."""

    out: Path
    people: Path

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The counts."""
        return dict(json.loads((self.out / "summary.json").read_text(encoding="utf-8")))

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The import report's rows."""
        return list(json.loads((self.out / "import-report.json").read_text(encoding="utf-8"))["rows"])

    @cached_property
    def facts(self) -> list[dict[str, Any]]:
        """All facts, in file order."""
        return [json.loads(line) for line in (self.out / "events.ndjson").read_text(encoding="utf-8").splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the data of all facts of a kind such as `matching.pairing.formed`."""
        return [fact["data"] for fact in self.facts if fact["attributes"]["type"] == f"tandem.{kind}.v1"]

    @cached_property
    def mails(self) -> list[EmailMessage]:
        """All mails as the SMTP server got them."""
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted((self.out / "mail").glob("*.eml"))]

    @cached_property
    def invitations(self) -> list[tuple[str, str, Any]]:
        """Every calendar part as (recipient, method, event), read back by `icalendar`."""
        found = []
        for mail in self.mails:
            for part in mail.walk():
                if part.get_content_type() == "text/calendar" and part.get_content_disposition() != "attachment":
                    calendar = Calendar.from_ical(str(part.get_content()))
                    found += [(str(mail["To"]), str(calendar["METHOD"]), event) for event in calendar.walk("VEVENT")]
        return found

    @cached_property
    def log_text(self) -> str:
        """All log lines of the services."""
        return "".join(path.read_text(encoding="utf-8") for path in sorted((self.out / "logs").glob("*.ndjson")))

    @cached_property
    def file_rows(self) -> list[dict[str, str]]:
        """The people file as it was given."""
        with self.people.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    @cached_property
    def address_of(self) -> dict[str, str]:
        """Mail address by Tandem's member id."""
        by_key = {row["member_id"]: row["email"] for row in reversed(self.file_rows)}
        return {row["member_id"]: by_key[row["company_key"]] for row in self.rows if row["member_id"] and row["outcome"] != "refused"}
