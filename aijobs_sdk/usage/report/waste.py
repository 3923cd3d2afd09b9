"""What failures cost: attempts that came to nothing, and credits for jobs that delivered nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.months import month_span
from aijobs_sdk.providers.models import CREDIT_STEP
from aijobs_sdk.usage.facts.costs import CostlyJob, FailureCount, Waste
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore, Value, stored_instant

MOST_JOBS = 10


class _WastedRows(Fact):
    attempts: int | None
    retried: int
    wasted: Decimal
    unattributed: Decimal
    jobs_known: bool


class _LostJobs(Fact):
    """Jobs with one end: failed of one thing, or cancelled."""

    status: str
    error_code: str
    jobs: int
    attempts: int
    retried: int


class _LostAttempts(Fact):
    """Attempts of one model that came to nothing, beside its rows and what those cost by their tokens."""

    attempts: int
    rows: int
    credits: Decimal


def waste(store: UsageStore, month: str) -> Waste:
    """Return what came to nothing in `month`. A job counts in the month in which it ended.

    Without records of jobs it is what the rows tell: the attempts that they took, and those that name no job.
    """
    span = _span(month)
    (rows,) = (_WastedRows.model_validate(row) for row in store.ask(statement("report/wasted_rows"), {"month": month}))
    lost = [_LostJobs.model_validate(row) for row in store.ask(statement("report/lost_jobs"), span)]
    failed = [one for one in lost if one.status == "failed"]
    return Waste(
        attempts=rows.attempts,
        retried_attempts=rows.retried + sum(one.retried for one in failed),
        jobs_known=rows.jobs_known,
        failed_jobs=sum(one.jobs for one in failed),
        cancelled_jobs=sum(one.jobs for one in lost if one.status == "cancelled"),
        wasted_credits=rows.wasted,
        unattributed_credits=rows.unattributed,
        retry_cost_estimate=_retry_cost(store, month, span),
        failures=tuple(FailureCount(error_code=one.error_code, jobs=one.jobs, attempts=one.attempts) for one in failed),
        costliest=_costliest(store, month, span),
    )


def _retry_cost(store: UsageStore, month: str, span: Mapping[str, Value]) -> Decimal:
    """Return the estimate to six places, half to even. A model without a good row has no measure, and is left out."""
    found = store.ask(statement("report/lost_attempts"), {"month": month, **span})
    models = [_LostAttempts.model_validate(row) for row in found]
    cost = sum((model.attempts * model.credits / model.rows for model in models), Decimal(0))
    return cost.quantize(CREDIT_STEP, ROUND_HALF_EVEN)


def _costliest(store: UsageStore, month: str, span: Mapping[str, Value]) -> tuple[CostlyJob, ...]:
    found = store.ask(statement("report/costliest_jobs"), {"month": month, "most": MOST_JOBS, **span})
    return tuple(CostlyJob.model_validate(row) for row in found)


def _span(month: str) -> dict[str, Value]:
    first, following = month_span(month)
    return {"since": stored_instant(first), "until": stored_instant(following)}
