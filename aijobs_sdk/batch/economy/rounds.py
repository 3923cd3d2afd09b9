"""How many rounds a budget makes of a batch through the vendors' own batches, and what makes one of them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from aijobs_sdk.batch.economy.chunk_sending import checked_for_economy
from aijobs_sdk.batch.in_parts import estimates_in_parts
from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.batch.running.budget import Budget, as_priced, most_of, quoted_in
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.estimate import Estimate

MANY_ROUNDS = 3
"""Of more than these it is told: each may take a day. Own choice."""
COUNTED = 1_000
SAMPLE = 100
"""Rows that are priced; the others are taken to be like them."""
SHORTEST_TOKENS = 16
"""The shortest answer that is worth a word."""
MARGIN = 0.98
"""Of the longest answer that fits: rows differ, and prompts are estimated."""


class Typical(NamedTuple):
    """What the rows of a batch cost on average, in credits."""

    cost: Decimal
    most: Decimal
    """What is set aside for one before it is sent."""
    longest: int | None
    """Tokens of an answer for which a share of the budget is as much as is set aside; None where that is not known."""


def rounds_of(rows: int, left: Decimal, typical: Typical) -> int:
    """Return in how many rounds rows are sent, as long as there is room for one; 1,000 stand for all above."""
    rounds = 0
    while rows > 0 and left >= typical.most and rounds < COUNTED:
        sent = min(rows, int(left / typical.most))
        rows, left, rounds = rows - sent, left - sent * typical.cost, rounds + 1
    return rounds


async def advice(ledger: Ledger, backend: Backend, budget: Budget) -> str | None:
    """Return what to set before rows are sent through the vendors' own batches; None where they go in a few rounds."""
    rows = list(ledger.unfinished())
    if budget.cap is None or not rows:
        return None
    left = budget.cap - budget.spent - budget.unwatched
    sample = rows if len(rows) <= SAMPLE else [rows[place * len(rows) // SAMPLE] for place in range(SAMPLE)]
    payloads = [ledger.item(index).payload for index in sample]
    priced = [checked_for_economy(as_priced(payload)) for payload in payloads]
    estimates = await estimates_in_parts(priced, backend)
    typical = typical_of(estimates, payloads, share=left / len(rows))
    rounds = rounds_of(len(rows), left, typical)
    return None if rounds <= MANY_ROUNDS else _in_words(rounds, len(rows), left, typical)


def typical_of(estimates: Sequence[Estimate], payloads: Sequence[Mapping[str, Any]], *, share: Decimal) -> Typical:
    """Return what these rows cost on average; `share` is what each may cost, for all of them to be sent at once."""
    mosts = [most_of(one, payload) for one, payload in zip(estimates, payloads, strict=True)]
    costs = [max(one.credits, quoted_in(payload)) for one, payload in zip(estimates, payloads, strict=True)]
    cost, most = _mean(costs), _mean(mosts)
    fits = [] if any("max_credits" in one for one in payloads) else [_longest_within(one, share) for one in estimates]
    known = [one for one in fits if one is not None]
    longest = int(statistics.fmean(known) * MARGIN) if known else 0
    return Typical(cost, most, longest if longest >= SHORTEST_TOKENS else None)


def _longest_within(estimate: Estimate, share: Decimal) -> float | None:
    if estimate.most_credits is None or estimate.most_output_tokens is None:
        return None
    more = estimate.most_output_tokens - estimate.output_tokens
    a_token = (estimate.most_credits - estimate.credits) / more if more else Decimal(0)
    return float(estimate.most_output_tokens - (estimate.most_credits - share) / a_token) if a_token else None


def _in_words(rounds: int, rows: int, left: Decimal, typical: Typical) -> str:
    at_once = int(left / typical.most)
    how_many = f"about {rounds}" if rounds < COUNTED else f"{COUNTED:,} or more"
    shorter = (
        "" if typical.longest is None else f"`max_tokens={typical.longest}`, or less, lets all of them go at once, "
    )
    return (
        f"Within this budget the rows go in {how_many} rounds, each of which may take its vendor a day: a row that is "
        f"sent sets aside the most it can cost, {typical.most:,.2f} credits, so that {at_once:,} of {rows:,} fit into "
        f"the {left:,.2f} that are left. {shorter}{'as does' if shorter else 'All go at once with'} a budget of "
        f"{rows * typical.most:,.0f} more than is spent; what is not used is not billed."
    )


def _mean(amounts: Sequence[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0)) / len(amounts)
