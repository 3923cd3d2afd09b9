"""From the words of `submit()` to a request."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypedDict, TypeVar
from uuid import UUID

from pydantic import BaseModel

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import JobRequest
from aijobs_sdk.contract.shapes import nearest, shape_of

GENERATION = "ai_generation"
F = TypeVar("F", bound=Callable[..., Any])


class SubmitOptions(TypedDict, total=False):
    """What `submit()` takes besides the prompt; what is left out is the job type's to choose."""

    model: str
    system: str
    temperature: float
    max_tokens: int
    estimated_credits: Decimal | int | str
    """What the user was quoted; from the price list where it is left out."""
    payload: Mapping[str, object] | BaseModel
    """More fields of the job type, or all of them."""
    user_id: UUID | str
    priority: str
    """`high`, `normal` or `low`."""
    idempotency_key: str
    """A second submit with this key returns the first job."""
    max_attempts: int


_OF_THE_PAYLOAD = ("model", "system", "temperature", "max_tokens", "estimated_credits")


def spelled_out(function: F) -> F:
    """Show the options one by one in the signature, so that a notebook completes and explains them."""
    signature = inspect.signature(function)
    named = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation.__forward_arg__)
        for name, annotation in SubmitOptions.__annotations__.items()
    ]
    function.__signature__ = signature.replace(parameters=[*named, *options])  # type: ignore[attr-defined]
    return function


def request_for(prompt: str | None, job_type: str, options: SubmitOptions, *, draw_key: str) -> JobRequest:
    """Return the request; its content is checked where jobs are stored.

    Raises:
        TypeError: there is no such option; the nearest is named.
        InvalidRequestError: the payload is neither a mapping nor a model.
    """
    for name in options.keys() - SubmitOptions.__annotations__.keys():
        raise TypeError(f"submit() has no option {name!r}.{nearest(name, SubmitOptions.__annotations__)}")
    payload = _as_mapping(options.get("payload") or {})
    if prompt is not None:
        payload["prompt"] = prompt
    payload |= {name: value for name, value in options.items() if name in _OF_THE_PAYLOAD and value is not None}
    return JobRequest(
        type=job_type,
        payload=payload,
        user_id=options.get("user_id"),
        priority=options.get("priority"),
        idempotency_key=options.get("idempotency_key"),
        max_attempts=options.get("max_attempts"),
        draw_key=draw_key,
    )


def _as_mapping(payload: object) -> dict[str, object]:
    match payload:
        case BaseModel():
            return payload.model_dump(exclude_unset=True)
        case Mapping():
            return dict(payload)
        case _:
            problem = f"must be a mapping or a pydantic model, got {shape_of(payload)}"
            raise InvalidRequestError(f"`payload` {problem}.", fields=[FieldProblem(field="payload", problem=problem)])
