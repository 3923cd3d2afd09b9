"""The words of a scenario: what the simulated provider does at one attempt of a job."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.plain_text import is_whole
from aijobs_sdk.contract.refusal import bad_argument, checked
from aijobs_sdk.simulation.durations import seconds_of
from aijobs_sdk.simulation.faults import BatchFault, Fault, FaultKind, Quirk, named_fault, status_fault

SILENCE_SECONDS = 600.0
"""How long a time-out stays silent: longer than any caller's own limit."""
CUT_AFTER_TOKENS = 20
"""Where an answer is cut off if nobody says where: within most answers."""
MOST_TOKENS = 1_000_000
"""The longest text of the simulation's own: several times what any model writes, and written in seconds."""


class Step(Fact):
    """What happens at one attempt. `step * 2` is the same at two attempts in a row, `step.forever()` at all."""

    is_forever: bool = False

    def __mul__(self, times: int) -> tuple[Self, ...]:
        return (self,) * times

    def forever(self) -> Self:
        """Return the same for this attempt and all that follow, so that the world never is ordinary again."""
        return self.replace(is_forever=True)


class Cut(Fact):
    """Where an answer is cut off."""

    after_tokens: int = Field(ge=0, le=MOST_TOKENS)
    """About how much of it comes."""
    seconds: float | None = Field(default=None, ge=0)
    """From the last piece of text, or the start, to the end; None: what is usual."""


class Succeed(Step):
    """The provider answers."""

    text: str | None = None
    """None: a text of the simulation's own."""
    tokens: int | None = Field(default=None, ge=1, le=MOST_TOKENS)
    """About how long that text is; None: a length drawn from the profile."""
    quirk: Quirk | None = None
    """How it is sent; None: as always."""
    cut: Cut | None = None
    """None: it is whole."""


class Fail(Step):
    """The provider fails, some way into its answer."""

    fault: Fault
    after_tokens: int | None = Field(default=None, ge=0, le=MOST_TOKENS)
    """About how much of the answer comes first; None: what is usual for this fault."""
    seconds: float | None = Field(default=None, ge=0)
    """From the last piece of text, or the start, to the failure; None: what is usual for this fault."""


class FailInBatch(Step):
    """Something goes wrong with the batch that the request is in; by itself it is answered."""

    fault: BatchFault


def ok(text: str | None = None, *, tokens: int | None = None) -> Step:
    """Answer, with this text or about this many tokens of the simulation's own.

    Raises:
        InvalidRequestError: there is no such text, or no text of this length, or both are said.
    """
    if text is not None and tokens is not None:
        raise bad_argument("tokens", "is how long a text of the simulation's own is: leave it out, or `text`")
    if isinstance(text, str) and not is_whole(text):
        raise bad_argument("text", "holds half a character, which no provider could send: write it whole")
    return checked(Succeed, {"text": text, "tokens": tokens}, "Cannot answer so")


def fail(
    status_or_kind: int | str,
    *,
    retry_after: float | str | None = None,
    after_tokens: int | None = None,
    seconds: float | str | None = None,
) -> Step:
    """Fail with an HTTP status or by a name, one of `FaultKind`, `Quirk` or `BatchFault`.

    A `Quirk` is an answer that is hard to take; a `BatchFault` is met by a vendor's own batches alone.

    `retry_after` is how many seconds the provider asks to wait, `after_tokens` how much of the answer comes first,
    `seconds` how long the failure takes to show. Times are numbers of seconds, or texts such as "250ms" or "5m".

    Raises:
        InvalidRequestError: no fault has this status or name, or a time or a number cannot be, or says nothing there.
    """
    wait = None if retry_after is None else seconds_of(retry_after, name="retry_after")
    shown = None if seconds is None else seconds_of(seconds, name="seconds")
    if status_or_kind == Quirk.MAX_TOKENS:
        _refuse_what_says_nothing(status_or_kind, retry_after=wait)
        end = {"after_tokens": CUT_AFTER_TOKENS if after_tokens is None else after_tokens, "seconds": shown}
        return Succeed(quirk=Quirk.MAX_TOKENS, cut=checked(Cut, end, "Cannot cut an answer so"))
    if status_or_kind in [*BatchFault, *Quirk]:
        _refuse_what_says_nothing(status_or_kind, retry_after=wait, after_tokens=after_tokens, seconds=shown)
    if status_or_kind in list(BatchFault):
        return FailInBatch(fault=BatchFault(status_or_kind))
    if status_or_kind in list(Quirk):
        return Succeed(quirk=Quirk(status_or_kind))
    fault = status_fault(status_or_kind) if isinstance(status_or_kind, int) else named_fault(status_or_kind)
    if status_or_kind in {FaultKind.TIMEOUT, FaultKind.STALL} and shown is None:
        shown = SILENCE_SECONDS
    asked = {"fault": fault.replace(retry_after_seconds=wait), "after_tokens": after_tokens, "seconds": shown}
    return checked(Fail, asked, "Cannot fail so")


def _refuse_what_says_nothing(kind: int | str, **given: float | None) -> None:
    """Return where none of these is given: nothing would come of it, and whoever said it would wait for that.

    Raises:
        InvalidRequestError: one is; it is named.
    """
    for name, value in given.items():
        if value is not None:
            raise bad_argument(name, f"says nothing of {str(kind)!r}: leave it out")
