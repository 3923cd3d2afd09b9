"""What Anthropic says it still allows, by its headers `anthropic-ratelimit-*`; unreadable ones are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from aijobs_sdk.contract.provider import Allowance, Allowances
from aijobs_sdk.providers.http_date import http_date
from aijobs_sdk.providers.whole_number import whole_number

LONGEST_RESET_SECONDS = 86400.0
"""An instant further off than this, or one that is over, was told by another clock than ours."""


def allowances(headers: Mapping[str, str], *, now: datetime | None = None) -> Allowances | None:
    """Return what the headers of an answer say, None where they say nothing; AWS's never do."""
    if "anthropic-ratelimit-requests-limit" not in headers and "anthropic-ratelimit-tokens-limit" not in headers:
        return None
    # What time it is at Anthropic, the answer itself tells: our own clock may be wrong.
    told_at = now or http_date(headers.get("date")) or datetime.now(UTC)
    said = Allowances(
        requests=_allowance(headers, "requests", told_at),
        tokens=_allowance(headers, "tokens", told_at),
        input_tokens=_allowance(headers, "input-tokens", told_at),
        output_tokens=_allowance(headers, "output-tokens", told_at),
    )
    return None if said == Allowances() else said


def _allowance(headers: Mapping[str, str], kind: str, told_at: datetime) -> Allowance | None:
    limit = whole_number(headers.get(f"anthropic-ratelimit-{kind}-limit"))
    remaining = whole_number(headers.get(f"anthropic-ratelimit-{kind}-remaining"))
    if not limit or remaining is None:  # gateways tell 0 where there is no limit, as this answer shows
        return None
    reset = headers.get(f"anthropic-ratelimit-{kind}-reset")
    return Allowance(limit=limit, remaining=remaining, reset_seconds=None if reset is None else _until(reset, told_at))


def _until(reset: str, told_at: datetime) -> float | None:
    try:
        seconds = (datetime.fromisoformat(reset) - told_at).total_seconds()
    except (ValueError, TypeError):  # the latter where it names no time zone
        return None
    return seconds if 0 <= seconds <= LONGEST_RESET_SECONDS else None
