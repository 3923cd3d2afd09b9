"""From the words of a call to what a backend is asked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict, TypeVar
from uuid import UUID

from pydantic import BaseModel

from aijobs_sdk.batch.arguments import BatchArguments
from aijobs_sdk.batch.asking.images import image_inputs
from aijobs_sdk.batch.asking.output_schema import output_schema
from aijobs_sdk.contract.blocks import DocumentRequest
from aijobs_sdk.contract.job import JobQuery, JobRequest
from aijobs_sdk.contract.provider import Message, Tool
from aijobs_sdk.contract.records import DeadLetterQuery
from aijobs_sdk.contract.refusal import bad_argument, checked
from aijobs_sdk.contract.schedule import ScheduleRequest
from aijobs_sdk.contract.shapes import refuse_unknown, shape_of

GENERATION = "ai_generation"
F = TypeVar("F", bound=Callable[..., Any])


class SubmitOptions(TypedDict, total=False):
    """What `submit()` takes besides the prompt; what is left out is the job type's to choose."""

    model: str
    provider: str
    """Which of the model's routes to take; the first that is set up where it is left out."""
    system: str
    messages: Sequence[Message | Mapping[str, object]]
    """What was said before the prompt, oldest first: `{"role": "user", "content": "..."}`."""
    images: Sequence[str | Path]
    """Pictures that stand in the prompt: paths, `https` addresses, or `data:` URLs."""
    temperature: float
    top_p: float
    max_tokens: int
    stop: Sequence[str]
    seed: int
    reasoning_effort: str
    """`none`, `minimal`, `low`, `medium`, `high` or `xhigh`; a model knows some of them."""
    tools: Sequence[Tool | Mapping[str, object]]
    """Functions that the model may ask to have called: `name`, `description`, `parameters` (a JSON schema)."""
    output_model: type[BaseModel]
    """What the answer has to fit; `result().output` is an instance."""
    output_schema: Mapping[str, object]
    """The same as a JSON schema; `result().output` is a dict."""
    size: str
    """Of a picture, in pixels, width first: `1024x1024`, `1024x1536` or `1536x1024`."""
    quality: str
    """Of a picture: `low`, `medium` or `high`."""
    n: int
    """How many pictures."""
    fallback: bool | Sequence[str]
    """Models that may answer during an outage; True: those that the table of models names."""
    stream: bool
    """False: nobody watches the text being written, which is less work."""
    estimated_credits: Decimal | int | str
    """What the user was quoted; from the price list where it is left out."""
    max_credits: Decimal | int | str
    """What the answer may cost by the price list; it is cut off where it would cost more."""
    payload: Mapping[str, object] | BaseModel
    """More fields of the job type, or all of them."""
    user_id: UUID | str
    priority: str
    """`high`, `normal` or `low`."""
    idempotency_key: str
    """A second submit with this key returns the first job."""
    max_attempts: int
    run_at: datetime
    """Not before this instant, which names its time zone; as soon as a worker is free where it is left out."""


_OF_THE_PAYLOAD = frozenset(
    {
        "estimated_credits",
        "fallback",
        "max_credits",
        "max_tokens",
        "messages",
        "model",
        "n",
        "output_schema",
        "provider",
        "quality",
        "reasoning_effort",
        "seed",
        "size",
        "stop",
        "stream",
        "system",
        "temperature",
        "tools",
        "top_p",
    }
)


def spelled_out(options: Mapping[str, Any]) -> Callable[[F], F]:
    """Show these options one by one in a function's signature, so that a notebook completes and explains them."""

    def show(function: F) -> F:
        signature = inspect.signature(function)
        named = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        spelled = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation.__forward_arg__)
            for name, annotation in options.items()
        ]
        function.__signature__ = signature.replace(parameters=[*named, *spelled])  # type: ignore[attr-defined]
        return function

    return show


as_submitted = spelled_out(SubmitOptions.__annotations__)
as_a_batch = spelled_out(BatchArguments.__annotations__)


def request_for(prompt: str | None, job_type: str, options: SubmitOptions, *, draw_key: str | None) -> JobRequest:
    """Return the request; its content is checked where jobs are stored.

    Raises:
        TypeError: there is no such option; the nearest is named.
        InvalidRequestError: the payload is neither a mapping nor a model, or says otherwise what the prompt is, or
            `run_at` is no instant, or another option can be no part of a request; it is named.
    """
    refuse_unknown("submit", options, SubmitOptions.__annotations__)
    payload = _as_mapping(options.get("payload") or {})
    if prompt is not None:
        if payload.get("prompt", prompt) not in (prompt, None):
            raise bad_argument("prompt", "and `payload.prompt` are two prompts: leave one of them out")
        payload["prompt"] = prompt
    given = {name: value for name, value in options.items() if name in _OF_THE_PAYLOAD and value is not None}
    payload |= {name: _plain(name, value) for name, value in given.items()}
    if options.get("images"):
        payload["images"] = _pictures(options["images"])
    if (output_model := options.get("output_model")) is not None:
        payload["output_schema"] = output_schema(output_model)
    asked = {
        "type": job_type,
        "payload": payload,
        "user_id": options.get("user_id"),
        "priority": options.get("priority"),
        "idempotency_key": options.get("idempotency_key"),
        "max_attempts": options.get("max_attempts"),
        "run_at": _as_instant(options.get("run_at")),
        "draw_key": draw_key,
    }
    return checked(JobRequest, asked, "Cannot submit this job")


def _plain(name: str, value: object) -> object:
    """Return models as mappings, also those in a list: a payload is plain until it is checked."""
    try:
        return _without_models(value)
    except (RecursionError, ValueError):  # the second is pydantic's word for it
        raise bad_argument(name, "holds itself, or is nested too deep") from None


def _pictures(given: object) -> list[dict[str, str]]:
    try:
        return image_inputs(given)
    except RecursionError:
        raise bad_argument("images", "holds itself, or is nested too deep") from None


def _without_models(value: object) -> object:
    match value:
        case BaseModel():
            return value.model_dump(exclude_unset=True)
        case list() | tuple():
            return [_without_models(one) for one in value]
        case _:
            return value


def as_id(one: UUID | str, name: str) -> UUID:
    """Return an id that was given as such, or in writing; `name` is that of the argument.

    Raises:
        InvalidRequestError: it is none.
    """
    if isinstance(one, UUID):
        return one
    try:
        return UUID(one)
    except (ValueError, AttributeError, TypeError):
        raise bad_argument(name, f"must be a UUID, got {shape_of(one)}") from None


def as_name(given: str) -> str:
    """Return what something is called, as it was given.

    Raises:
        InvalidRequestError: it is no text.
    """
    if not isinstance(given, str):
        raise bad_argument("name", f"must be a text, got {shape_of(given)}")
    return given


def job_query(**asked: object) -> JobQuery:
    """Return the query.

    Raises:
        InvalidRequestError: a value cannot be used; its name is that of the argument.
    """
    return checked(JobQuery, asked, "Cannot list jobs")


def dead_letter_query(**asked: object) -> DeadLetterQuery:
    """Return the query.

    Raises:
        InvalidRequestError: a value cannot be used; its name is that of the argument.
    """
    return checked(DeadLetterQuery, asked, "Cannot list dead letters")


def document_request(**asked: object) -> DocumentRequest:
    """Return the request.

    Raises:
        InvalidRequestError: a value cannot be used; its name is that of the argument.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    return checked(DocumentRequest, given, "Cannot begin this document")


def schedule_request(**asked: object) -> ScheduleRequest:
    """Return the request.

    Raises:
        InvalidRequestError: a value cannot be used; its name is that of the argument.
    """
    return checked(ScheduleRequest, asked, "Cannot make this schedule")


def _as_instant(run_at: object) -> datetime | None:
    match run_at:
        case None:
            return None
        case datetime() if run_at.utcoffset() is not None:
            return run_at
        case datetime():
            problem = "needs a time zone, as in `datetime.now(UTC) + timedelta(hours=1)`; without one it is no instant"
        case _:
            problem = f"must be a datetime with a time zone, got {shape_of(run_at)}"
    raise bad_argument("run_at", problem)


def _as_mapping(payload: object) -> dict[str, object]:
    match payload:
        case BaseModel():
            # All of it: what one model of a union is told from another by may be a default. What is one is not stored.
            return _dumped(payload)
        case Mapping():
            return dict(payload)
        case _:
            problem = f"must be a mapping or a pydantic model, got {shape_of(payload)}"
            raise bad_argument("payload", problem)


def _dumped(payload: BaseModel) -> dict[str, object]:
    try:
        return payload.model_dump(round_trip=True)
    except (RecursionError, ValueError):
        raise bad_argument("payload", "holds itself, or is nested too deep") from None
