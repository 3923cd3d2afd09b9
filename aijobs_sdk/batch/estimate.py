"""What a batch would cost, before it is run: from a sample of its rows."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import chain, islice
from typing import Any, NamedTuple

from pydantic import Field

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.economy.chunk_sending import checked_for_economy
from aijobs_sdk.batch.in_parts import estimates_in_parts, refusals_in_parts
from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.batch.running.lanes import Lanes
from aijobs_sdk.batch.running.sending import checked
from aijobs_sdk.batch.running.steps import later_turns, second_asking
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.job import JobRequest
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.showing import heading, known_facts
from aijobs_sdk.markup import markup

SAMPLE = 500
"""Rows that are priced; where a batch has more, the rest is taken to be like these."""
ESTIMATED_AT_ONCE = 100
CONFIDENCE = 1.96
"""Standard errors to either side that hold 95 % of all samples."""
SECONDS_TO_FIRST_TOKEN = 1.0
SECONDS_A_TOKEN = 1 / 70
"""What an answer is taken to need. Own assumption, from the middle of the models' published speeds."""
A_DAY = 86_400.0
"""The most that vendors take for a batch of theirs."""
ANSWER_WORD = " word"
"""What stands in a conversation for each token of an answer that is not there yet."""
LONGEST_IN_CONVERSATION = 4_000
"""So many tokens of an answer are priced as read again, at most: a few of the longest would fill a model's window. Own
choice."""
LONGEST_PROBLEM = ANSWER_WORD * 600
"""What stands in a second asking for what is wrong with an answer: twenty fields are told of. Own choice."""
TOKEN_ERROR = 0.081
"""By how much an estimated count of a prompt's tokens is off on average: docs/tokens.md, MT-bench."""


class BatchEstimate(Fact):
    """What the rows that are still to be sent are expected to consume. Nothing was sent."""

    rows: int
    """All of them."""
    to_send: int
    """Those that are not over yet and share no other row's answer."""
    input_tokens: int
    """Of those to send, as the following."""
    output_tokens: int
    credits: Decimal
    """What would be billed."""
    most_credits: Decimal | None
    """What it costs at most, each structured answer asked for twice; None where nothing limits an answer."""
    seconds: float
    """With as many rows under way as there are, up to the batch's concurrency, where no provider's limit is lower."""
    sampled: int
    """So many rows were priced; the others were taken to be like them."""
    credits_error: Decimal
    """`credits` may be off by so much, in 95 of 100 samples; 0 where each row was priced."""
    tokens_error: float
    """`input_tokens` may be off by this share: 0 where they were counted exactly."""
    economy: bool = False
    """Whether it is by the vendors' own batches: at their price, and `seconds` is by when they answer."""
    advice: str | None = Field(default=None, repr=False)
    """What to set before it begins, where the budget would make many rounds of it."""

    def __str__(self) -> str:
        most = "" if self.most_credits is None else f", at most {self.most_credits:,.2f}"
        return (
            f"{self.to_send:,} of {self.rows:,} rows to send: {self.input_tokens:,} tokens in, about "
            f"{self.output_tokens:,} out, {self._about()} credits{most}, {self._by_when()}"
            f"{f'. {self.advice}' if self.advice else ''}"
        )

    def _repr_html_(self) -> str:
        expected = {
            "rows to send": f"{self.to_send:,} of {self.rows:,}",
            "tokens in": self.input_tokens,
            "tokens out": f"about {self.output_tokens:,}",
            "credits": self._about(),
            "credits at most": None if self.most_credits is None else f"{self.most_credits:,.2f}",
            "done": self._by_when(),
            "advice": self.advice,
        }
        return markup(heading("Estimate", "nothing was sent"), known_facts(expected))

    def _about(self) -> str:
        return f"{self.credits:,.2f}" + (f" ± {self.credits_error:,.2f}" if self.credits_error else "")

    def _by_when(self) -> str:
        if self.economy:
            return "within 24 hours a round" if self.advice else "within 24 hours"
        return f"about {_duration(self.seconds)}"


async def estimate_batch(ledger: Ledger, backend: Backend, *, lanes: Lanes, economy: bool = False) -> BatchEstimate:
    """Return what the unfinished rows of a ledger would cost."""
    request = checked_for_economy if economy else checked
    rows = list(ledger.unfinished())
    sample = rows if len(rows) <= SAMPLE else [rows[place * len(rows) // SAMPLE] for place in range(SAMPLE)]
    estimates = [
        one
        for start in range(0, len(sample), ESTIMATED_AT_ONCE)
        for one in await _row_estimates(
            [ledger.item(index) for index in sample[start : start + ESTIMATED_AT_ONCE]], request, backend
        )
    ]
    share = len(rows) / len(sample) if sample else 0.0
    output_tokens = [one.output_tokens for one in estimates]
    sampled = list(zip(map(ledger.model_of, sample), map(_seconds_of, estimates), strict=True))
    most = [one.most_credits for one in estimates]
    return BatchEstimate(
        rows=len(ledger),
        to_send=len(rows),
        input_tokens=round(sum(one.input_tokens for one in estimates) * share),
        output_tokens=round(sum(output_tokens) * share),
        credits=_scaled(sum((one.credits for one in estimates), Decimal(0)), share),
        most_credits=None if None in most else _scaled(sum((one for one in most if one), Decimal(0)), share),
        seconds=A_DAY if economy else _seconds(Counter(map(ledger.model_of, rows)), sampled, lanes),
        economy=economy,
        sampled=len(sample),
        credits_error=_sampling_error([one.credits for one in estimates], of=len(rows)),
        tokens_error=TOKEN_ERROR if any(one.token_method.startswith("estimate:") for one in estimates) else 0.0,
    )


class _RowEstimate(NamedTuple):
    """What one row is expected to consume, over all its turns."""

    turns: int
    input_tokens: int
    output_tokens: int
    credits: Decimal
    most_credits: Decimal | None
    token_method: str


async def _row_estimates(
    items: Sequence[Item], request: Callable[[Mapping[str, Any]], JobRequest], backend: Backend
) -> list[_RowEstimate]:
    """Return what these rows would cost, where each answer is as long as is expected of the first."""
    first = await estimates_in_parts([request(item.payload) for item in items], backend)
    answers = [ANSWER_WORD * min(one.output_tokens, LONGEST_IN_CONVERSATION) for one in first]
    answered = list(zip(items, answers, strict=True))
    later = [request(payload) for item, answer in answered for payload in later_turns(item, answer=answer)]
    again = {
        item.index: request(payload)
        for item, answer in answered
        for payload in second_asking(item, answer=answer, problem=LONGEST_PROBLEM)
    }
    rest, askings = iter(await estimates_in_parts(later, backend)), await _priced(again, backend)
    return [
        _of_all_turns([estimate, *islice(rest, len(item.later_prompts))], askings.get(item.index, ()))
        for item, estimate in zip(items, first, strict=True)
    ]


async def _priced(requests: Mapping[int, JobRequest], backend: Backend) -> dict[int, tuple[Estimate]]:
    """Return what these would cost, but for those that would be refused, and cost nothing."""
    refused = await refusals_in_parts(list(requests.values()), backend)
    taken = {index: asked for place, (index, asked) in enumerate(requests.items()) if place not in refused}
    return {
        index: (one,) for index, one in zip(taken, await estimates_in_parts([*taken.values()], backend), strict=True)
    }


def _of_all_turns(turns: Sequence[Estimate], again: Sequence[Estimate]) -> _RowEstimate:
    most = [one.most_credits for one in (*turns, *again)]
    is_bounded = None not in most and (len(most) == 1 or _was_read_at_its_longest(turns[0]))
    return _RowEstimate(
        turns=len(turns),
        input_tokens=sum(one.input_tokens for one in turns),
        output_tokens=sum(one.output_tokens for one in turns),
        credits=sum((one.credits for one in turns), Decimal(0)),
        most_credits=sum((one for one in most if one), Decimal(0)) if is_bounded else None,
        token_method=turns[0].token_method,
    )


def _was_read_at_its_longest(answer: Estimate) -> bool:
    return answer.most_output_tokens == answer.output_tokens <= LONGEST_IN_CONVERSATION


def _seconds_of(row: _RowEstimate) -> float:
    return row.turns * SECONDS_TO_FIRST_TOKEN + row.output_tokens * SECONDS_A_TOKEN


def _seconds(rows: Mapping[str, int], sampled: Sequence[tuple[str, float]], lanes: Lanes) -> float:
    """Return how long so many rows of each model take: as long as its lane, or as all rows in the places they share.

    `sampled` are the models and the seconds of the rows that were priced.
    """
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for model, seconds in sampled:
        taken[model].append(seconds)
    of_any = list(chain.from_iterable(taken.values()))  # stands in for a model that was not sampled
    work = {model: count * statistics.fmean(taken.get(model, of_any)) for model, count in rows.items()}
    in_lanes = [seconds / min(lanes.of(model).most, rows[model]) for model, seconds in work.items()]
    places = min(lanes.total, sum(rows.values()))
    return max(*in_lanes, sum(work.values()) / places) if places else 0.0


def _sampling_error(priced: Sequence[Decimal], *, of: int) -> Decimal:
    if len(priced) in (0, 1, of):
        return Decimal(0)
    unseen = 1 - len(priced) / of
    error = CONFIDENCE * statistics.stdev(map(float, priced)) / len(priced) ** 0.5 * unseen**0.5 * of
    return Decimal(error).quantize(Decimal("0.000001"))


def _scaled(amount: Decimal, share: float) -> Decimal:
    return (amount * Decimal(share)).quantize(Decimal("0.000001"))


def _duration(seconds: float) -> str:
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - an hour
