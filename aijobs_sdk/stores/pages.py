"""Pages of a list: a cursor is the age of the last job that was shown."""

from __future__ import annotations

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError


def not_a_cursor() -> InvalidRequestError:
    """Return the refusal of a cursor that no page of this list can have given."""
    problem = "is not a cursor of this list: pass `next_cursor` of the page before"
    return InvalidRequestError(f"`cursor` {problem}.", fields=[FieldProblem(field="cursor", problem=problem)])
