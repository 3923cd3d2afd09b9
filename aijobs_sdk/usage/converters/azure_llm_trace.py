"""Usage rows from a trace of Azure's LLM inference, as published in github.com/Azure/AzurePublicDataset.

The trace has three columns: TIMESTAMP (`2023-11-16 18:15:46.6805900`, UTC), ContextTokens and GeneratedTokens. Whose
the requests were, of which model, and what they cost it does not say: that is the caller's to name, and the defaults
say that they are made up.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TypeAlias, assert_never
from uuid import UUID, uuid5

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.months import month_of
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.contract.refusal import checked, path_of
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.providers.models import CREDIT_STEP, ModelTable

COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
TRACE = UUID("5d1f0c1e-6a53-4d0b-8a8e-3f1f6f4f2c11")
"""The namespace of all ids made here."""
MADE_UP_TENANT, MADE_UP_USER = uuid5(TRACE, "made-up tenant"), uuid5(TRACE, "made-up user")

TokenPrice: TypeAlias = Decimal | ModelTable
"""What tokens cost: so many credits each, read or written; or what the table says of the model, on the row's day."""


@dataclass(frozen=True)
class _Request:
    """One line of the trace."""

    line: int
    text: str
    at: datetime
    context_tokens: int
    generated_tokens: int


def azure_llm_trace(
    path: str | Path,
    *,
    price: TokenPrice,
    model: str = "made-up-model",
    provider: str = "made-up-provider",
    tenant_id: UUID = MADE_UP_TENANT,
    user_id: UUID = MADE_UP_USER,
) -> Iterator[UsageRow]:
    """Yield a row for each request of a trace, in its order; a row is read when it is asked for.

    An id is made of the line's number and what it says, so that the same trace always gives the same ids. Time is kept
    to the microsecond: the seventh digit of the trace is cut. Credits have six places, halves rounded up.

    Raises:
        InvalidRequestError: the file is no such trace, or a line cannot be read; the table does not have the model at
            this provider; or an argument cannot be used. Rows before it were yielded.
    """
    _check_price(price)
    for request in _requests(path_of("path", path)):
        row = {
            "id": uuid5(TRACE, f"{request.line}:{request.text}"),
            "tenant_id": tenant_id,
            "user_id": user_id,
            "query_type": "text_generation",
            "model": model,
            "provider": provider,
            "input_tokens": request.context_tokens,
            "output_tokens": request.generated_tokens,
            "credits_used": _credits(request, price, model, provider),
            "metadata": {"trace": "azure_llm_inference", "trace_line": request.line},
            "month_year": month_of(request.at),
            "created_at": request.at,
        }
        yield checked(UsageRow, row, f"Line {request.line} of the trace cannot be a usage row")


def _check_price(price: TokenPrice) -> None:
    if not isinstance(price, Decimal | ModelTable):
        raise _refused("`price`", "price", "must be a Decimal, or a table of models", price)
    if isinstance(price, Decimal) and not (price.is_finite() and price >= 0):
        raise _refused("`price`", "price", "must be credits for a token, from 0 up", price)


def _credits(request: _Request, price: TokenPrice, model: str, provider: str) -> Decimal:
    match price:
        case Decimal():
            tokens = request.context_tokens + request.generated_tokens
            return (price * tokens).quantize(CREDIT_STEP, rounding=ROUND_HALF_UP)
        case ModelTable():
            priced = price.get(model).via(provider)
            return price.credits(priced, request.context_tokens, request.generated_tokens, at=request.at)
        case _:
            assert_never(price)


def _requests(path: Path) -> Iterator[_Request]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            _check_header(path, next(reader, []))
            for fields in filter(None, reader):  # an empty line holds no request
                yield _request(path, reader.line_num, fields)
    except OSError as error:
        raise InvalidRequestError(f"{path} cannot be read ({error.strerror}). Name the trace's CSV file.") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"{path} is not a CSV file in UTF-8: {error}. Download the trace again.") from error


def _check_header(path: Path, fields: Sequence[str]) -> None:
    if tuple(fields) != COLUMNS:
        raise InvalidRequestError(
            f"{path} is not a trace of Azure's LLM inference: its first line must be {','.join(COLUMNS)}."
        )


def _request(path: Path, line: int, fields: Sequence[str]) -> _Request:
    where = f"{path}, line {line}"
    if len(fields) != len(COLUMNS):
        raise InvalidRequestError(f"{where}: expected {len(COLUMNS)} fields, got {len(fields)}.")
    timestamp, context, generated = fields
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError as error:
        expected = "must be an instant such as 2023-11-16 18:15:46"
        raise _refused(f"{where}: `TIMESTAMP`", "TIMESTAMP", expected, timestamp) from error
    return _Request(
        line=line,
        text=",".join(fields),
        at=at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC),
        context_tokens=_tokens(where, "ContextTokens", context),
        generated_tokens=_tokens(where, "GeneratedTokens", generated),
    )


def _tokens(where: str, column: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise _refused(f"{where}: `{column}`", column, "must be a whole number of at most nine digits", text)
    return int(text)


def _refused(what: str, field: str, expected: str, value: object) -> InvalidRequestError:
    problem = f"{expected}, got {shape_of(value)}"
    return InvalidRequestError(f"{what} {problem}.", fields=[FieldProblem(field=field, problem=problem)])
