"""What OpenAI says it still allows, by its headers `x-ratelimit-*`; unreadable ones are ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aijobs_sdk.contract.provider import Allowance, Allowances
from aijobs_sdk.providers.whole_number import whole_number

LONGEST_RESET_SECONDS = 86400.0
"""No limit of OpenAI's is one of more than a day: who says so would keep all calls back."""
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def allowances(headers: Mapping[str, str]) -> Allowances | None:
    """Return what the headers of an answer say, None where they say nothing."""
    told = dict(headers.items())  # once: asked for by name, those of an answer are walked through each time
    requests, tokens = _allowance(told, "requests"), _allowance(told, "tokens")
    return None if requests is None and tokens is None else Allowances(requests=requests, tokens=tokens)


def _allowance(headers: Mapping[str, str], kind: str) -> Allowance | None:
    limit = whole_number(headers.get(f"x-ratelimit-limit-{kind}"))
    remaining = whole_number(headers.get(f"x-ratelimit-remaining-{kind}"))
    if not limit or remaining is None:  # gateways tell 0 where there is no limit, as this answer shows
        return None
    reset = headers.get(f"x-ratelimit-reset-{kind}")
    return Allowance(limit=limit, remaining=remaining, reset_seconds=None if reset is None else _seconds(reset))


def _seconds(duration: str) -> float | None:
    """Return the seconds of `6m0s`, `1.5s` or `20ms`; None for anything else, and for more than a day."""
    if _DURATION.fullmatch(duration) is None:
        return None
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(duration))
    return seconds if seconds <= LONGEST_RESET_SECONDS else None
