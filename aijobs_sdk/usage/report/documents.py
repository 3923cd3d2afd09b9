"""What a document costs."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.providers.models import CREDIT_STEP
from aijobs_sdk.usage.facts.costs import DocumentCost
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore


class _Documents(Fact):
    documents: int
    credits: Decimal


def document_cost(store: UsageStore, month: str) -> DocumentCost:
    """Return how many documents came of the month's rows, and what one cost: to six places, half to even."""
    (row,) = store.ask(statement("report/documents"), {"month": month})
    found = _Documents.model_validate(row)
    each = (found.credits / found.documents).quantize(CREDIT_STEP, ROUND_HALF_EVEN) if found.documents else None
    return DocumentCost(documents=found.documents, credits=found.credits, credits_per_document=each)
