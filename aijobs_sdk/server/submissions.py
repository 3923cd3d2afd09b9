"""Bodies that hold jobs to be done: one, or many."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from fastapi import Header
from starlette.requests import Request

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import JobRequest
from aijobs_sdk.server.body import check_count, parsed, read_json
from aijobs_sdk.server.forms import JobIn, JobsIn
from aijobs_sdk.server.limits import ServerLimits
from aijobs_sdk.server.problems import invalid_field

IDEMPOTENCY_KEY = "Idempotency-Key"
_KEY_IS = "Sent again with the same key, a request returns the jobs of the first, and stores no others."
IdempotencyKey = Annotated[str | None, Header(alias=IDEMPOTENCY_KEY, description=_KEY_IS)]
"""What a request says of itself, so that it can be sent again; `check_key()` says whether it can be used."""
_KEY = re.compile(r"[\x20-\x7e]{1,240}")
"""With a place behind it, it is still as long as a job's own key may be."""


async def read_submission(request: Request, limits: ServerLimits, *, key: str | None) -> JobRequest | list[JobRequest]:
    """Return the one job of a body that is a job, or the many of one that says `jobs`.

    `key` is the request's idempotency key: that of each job which names none, with its place where there are many.

    Raises:
        InvalidRequestError: a field cannot be used; it is named.
        RequestTooLargeError: there are more jobs than one request may hold.
    """
    check_key(key)
    body = await read_json(request, limits)
    if "jobs" in body:
        many = _many(body, limits, key)
        check_prompts(many, limits)
        return many
    one = parsed(JobIn, body)
    check_prompt(one.payload, limits, place="")
    return one.request(key=key)


async def read_jobs(request: Request, limits: ServerLimits) -> list[JobRequest]:
    """Return the jobs of a body that asks about them, and has none of them done; no prompt of them was checked.

    Raises:
        InvalidRequestError: a field cannot be used; it is named.
        RequestTooLargeError: there are more jobs than one request may hold.
    """
    return _many(await read_json(request, limits), limits, key=None)


def _many(body: Mapping[str, object], limits: ServerLimits, key: str | None) -> list[JobRequest]:
    check_count("jobs", body.get("jobs"), at_most=limits.max_jobs)
    jobs = parsed(JobsIn, body, known=JobIn).jobs
    return [one.request(key=None if key is None else f"{key}/{place}") for place, one in enumerate(jobs)]


def check_prompts(jobs: Sequence[JobRequest], limits: ServerLimits) -> None:
    """Refuse jobs of which one has a prompt that is longer than it may be.

    Raises:
        InvalidRequestError: one has; it is named.
    """
    for place, one in enumerate(jobs):
        check_prompt(one.payload, limits, place=f"requests[{place}]." if len(jobs) > 1 else "")


def refused_prompts(jobs: Sequence[JobRequest], limits: ServerLimits) -> Mapping[int, InvalidRequestError]:
    """Return which of these have a prompt that is longer than it may be, by place, and by how much."""
    refused: dict[int, InvalidRequestError] = {}
    for place, one in enumerate(jobs):
        try:
            check_prompt(one.payload, limits, place="")
        except InvalidRequestError as error:
            refused[place] = error
    return refused


def check_prompt(payload: Mapping[str, object], limits: ServerLimits, *, place: str) -> None:
    """Refuse a prompt that is longer than it may be.

    Raises:
        InvalidRequestError: it is.
    """
    for within, prompt in _prompts(payload):
        if len(prompt) > limits.max_prompt_chars:
            problem = f"must have at most {limits.max_prompt_chars:,} characters, got {len(prompt):,}"
            field = FieldProblem(field=f"{place}payload.{within}", problem=problem)
            message = f"Cannot submit this job: `{field.field}` {problem}"
            raise InvalidRequestError(message, code="invalid_payload", fields=[field])


def _prompts(payload: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the prompts of a payload that nobody checked yet, with their places in it: its own, and its items'."""
    if isinstance(prompt := payload.get("prompt"), str):
        yield "prompt", prompt
    items = payload.get("items")
    for place, item in enumerate(items if isinstance(items, list) else ()):
        asked = item.get("payload") if isinstance(item, dict) else None
        if isinstance(asked, dict) and isinstance(prompt := asked.get("prompt"), str):
            yield f"items.{place}.payload.prompt", prompt


def check_key(key: str | None) -> None:
    """Refuse an idempotency key that could not be a job's own.

    Raises:
        InvalidRequestError: it could not.
    """
    if key is not None and not _KEY.fullmatch(key):
        raise invalid_field(IDEMPOTENCY_KEY, "must have 1 to 240 printable ASCII characters")
