"""What becomes of a call that no script is about, by the dice: it succeeds, or fails as often as was said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from http import HTTPStatus
from itertools import accumulate

from aijobs_sdk.simulation.dice import Dice
from aijobs_sdk.simulation.faults import FaultKind
from aijobs_sdk.simulation.plan import Plan
from aijobs_sdk.simulation.profiles import ErrorRates
from aijobs_sdk.simulation.script import Fail, Step, Succeed, fail
from aijobs_sdk.simulation.timeline import Outage

SUCCESS = Succeed()


def incident_step(outages: Sequence[Outage], dice: Dice) -> Step | None:
    """Return how one of these outages makes the call fail; None where it gets through all of them."""
    if not outages:
        return None
    rng = dice.many_of_attempt("incident")
    return next((one.fault for one in outages if rng.random() < one.error_rate), None)


def ordinary_step(rates: ErrorRates, dice: Dice) -> Step:
    """Return success, or now and then a failure, as often as the profile says."""
    if rates.never:
        return SUCCESS
    rng = dice.many_of_attempt("fault")
    shares: dict[int | str, float] = {
        HTTPStatus.SERVICE_UNAVAILABLE: rates.unavailable,
        FaultKind.TIMEOUT: rates.timeout,
        FaultKind.RESET: rates.reset,
        FaultKind.TRUNCATE: rates.truncated,
    }
    draw = rng.random() - rates.rate_limited
    if draw < 0:
        return fail(HTTPStatus.TOO_MANY_REQUESTS, retry_after=rng.randint(1, rates.retry_after_max_seconds))
    for kind, upper in zip(shares, accumulate(shares.values()), strict=True):
        if draw < upper:
            return fail(kind)
    return SUCCESS


def broken_off(whole: Plan, step: Fail, dice: Dice) -> Plan:
    """Return an answer up to where a failure ends it."""
    if step.after_tokens is not None:
        after_pieces = whole.pieces_in(step.after_tokens)
    elif step.fault.is_mid_answer:
        after_pieces = math.ceil(dice.many_of_attempt("break").random() * (len(whole.pieces) - 1))
    else:
        after_pieces = 0
    return whole.failing(step.fault, after_pieces=after_pieces, seconds=step.seconds)
