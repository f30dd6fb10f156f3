"""What the demo leaves behind: summary, import report, all facts, all mails, all logs; each can be checked against the others."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from deploy.demo.reader import FactReader, doubled, lost
from deploy.demo.story import Story
from deploy.local.mail import MailSink


def summary(story: Story, mail: MailSink, seconds: dict[str, float]) -> dict[str, Any]:
    """Return the counts of the whole run, each taken from facts, the import's report or the mailbox."""
    facts = story.reader
    activated = _ids(facts, "matching.pairing.activated")
    closed = _ids(facts, "matching.pairing.closed")
    counts = story.counts
    return {
        "members": facts.count("profile.member.joined"),
        "imported": counts["created"] + counts["updated"] + counts["unchanged"],
        "refused_rows": counts["refused"],
        "proposed": facts.count("matching.pairing.proposed"),
        "declined": facts.count("matching.pairing.declined"),
        "expired": facts.count("matching.pairing.expired"),
        "formed": facts.count("matching.pairing.formed"),
        "activated": len(activated),
        "active": len(activated - closed),
        "closed": len(closed),
        "unmatched": facts.count("matching.round.member-unmatched"),
        "sessions_booked": facts.count("scheduling.session.booked"),
        "sessions_rescheduled": facts.count("scheduling.session.rescheduled"),
        "sessions_cancelled": facts.count("scheduling.session.cancelled"),
        "sessions_held": facts.count("scheduling.session.held"),
        "sessions_missed": facts.count("scheduling.session.missed"),
        "mails_sent": len(mail.received),
        "dead_letters": sum(fact["topic"].endswith("-dead-letter") for fact in facts.facts),
        "lost": lost(facts.facts) + max(0, facts.count("notification.delivery.sent") - len(mail.received)),
        "doubled": doubled(facts.facts) + _mails_twice(mail),
        "facts": len(facts.facts),
        "seconds_per_stage": {stage: round(took, 2) for stage, took in seconds.items()},
    }


def _ids(facts: FactReader, kind: str) -> set[str]:
    return {fact["data"]["pairing_id"] for fact in facts.facts if fact["attributes"]["type"] == f"tandem.{kind}.v1"}


def _mails_twice(mail: MailSink) -> int:
    """Return how many mails reached one person twice, by Message-ID."""
    seen = Counter((str(received.message["Message-ID"]), received.recipients) for received in mail.received)
    return sum(count - 1 for count in seen.values())


def write(out: Path, story: Story, counts: dict[str, Any]) -> None:
    """Write summary, import report and facts into `out` (mails and logs are written there as they come)."""
    _json(out / "summary.json", counts)
    _json(out / "import-report.json", {"counts": story.counts, "rows": story.rows})
    story.reader.write(out / "events.ndjson")


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
