"""What stands at the top of a report: which month, whether it is final, and how fresh it is."""

from __future__ import annotations

from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.showing.figures import instant


def title(facts: MonthFacts) -> str:
    """Return the name of the report."""
    return f"Usage in {facts.month}"


def status(facts: MonthFacts) -> str:
    """Return whether the month is final: "open", "closed, version 2"."""
    if facts.status == "closed":
        return f"closed, version {facts.version}"
    return f"open again after version {facts.version}" if facts.version else "open"


def particulars(facts: MonthFacts) -> tuple[tuple[str, str], ...]:
    """Return what else is to be known of the report, as words and their values."""
    return (
        ("Status", status(facts)),
        ("As of", instant(facts.as_of)),
        ("Data until", instant(facts.data_until) if facts.data_until else "no data"),
        ("Days in", facts.timezone),
        ("Prices", facts.cost.price_version),
        *([("Digest", facts.digest)] if facts.digest else []),
    )
