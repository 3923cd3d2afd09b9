"""What a month cost at the providers, what of it came to nothing, and what a document cost."""

from __future__ import annotations

from decimal import Decimal

from aijobs_sdk.contract.model import Fact


class PricedModel(Fact):
    """What a model cost at its provider in this month, by the prices of each day."""

    provider: str
    model: str
    rows: int
    input_tokens: int
    """Cached ones among them."""
    output_tokens: int
    usd: Decimal
    source: str
    """Where the prices come from; several are joined by "; "."""


class UnpricedModel(Fact):
    """A model that no price is known of: it is listed, and never taken as free."""

    provider: str
    model: str
    rows: int
    credits: Decimal


class ProviderCost(Fact):
    """What the providers charge for the month, by list prices; no invoice."""

    usd: Decimal
    """Over the models that have a price."""
    priced: tuple[PricedModel, ...]
    unpriced: tuple[UnpricedModel, ...]
    price_version: str
    """Which list of prices: the same word, the same prices."""


class FailureCount(Fact):
    """Jobs that failed of one thing."""

    error_code: str
    jobs: int
    attempts: int


class CostlyJob(Fact):
    """A job that took more attempts than one, or failed."""

    job_id: str
    type: str
    status: str
    attempts: int
    credits: Decimal
    """Billed for it."""


class Waste(Fact):
    """What failures cost: attempts that came to nothing, and credits that stand for nothing that was delivered."""

    attempts: int | None
    """Of all rows that say how many they took; None: none says."""
    retried_attempts: int
    """Attempts beyond the first, of rows and of failed jobs."""
    jobs_known: bool
    """Whether the records of jobs were given; without them failed jobs cannot be seen."""
    failed_jobs: int
    cancelled_jobs: int
    wasted_credits: Decimal
    """Billed for jobs that failed or were cancelled."""
    unattributed_credits: Decimal
    """Billed for rows that name no job, or one that is not among the jobs that were given."""
    retry_cost_estimate: Decimal
    """Credits that the attempts that came to nothing would have cost, if each used what a good one of its model did."""
    failures: tuple[FailureCount, ...]
    costliest: tuple[CostlyJob, ...]


class DocumentCost(Fact):
    """Credits by document that came of them."""

    documents: int
    credits: Decimal
    """Of the rows that name a document."""
    credits_per_document: Decimal | None
