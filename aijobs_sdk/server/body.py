"""The body of a request, read with patience for so long and so much, and understood without trust."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.requests import Request

from aijobs_sdk.contract.errors import InvalidRequestError, RequestTooLargeError
from aijobs_sdk.server.limits import ServerLimits
from aijobs_sdk.server.problems import Refusal, invalid_body

M = TypeVar("M", bound=BaseModel)

_JSON = re.compile(r"application/(json|[\w.-]+\+json)\s*(;|$)", re.IGNORECASE)
_PLAIN = {"", "identity"}
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_MAY_OVERFLOW = re.compile(rb"[eE]\+?\d{3}|\d{200}")
"""Only a number with one of these can be beyond the floats, so that hardly any body is searched for one."""


async def read_json(request: Request, limits: ServerLimits) -> dict[str, object]:
    """Return the JSON object in a request's body.

    Raises:
        RequestTooLargeError: it is longer than it may be, or holds more.
        InvalidRequestError: it is no JSON object, or one in which objects stand within each other too often.
        Refusal: it does not say that it is JSON, is packed, or takes too long to come.
    """
    _check_headers(request.headers)
    raw = await _read(request, limits)
    if _values(raw, enough=limits.max_json_values) > limits.max_json_values:
        raise RequestTooLargeError(f"A body may hold {limits.max_json_values:,} values. Send it in parts.")
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        # The text of the error says where, and nothing of what.
        raise InvalidRequestError(f"The body is not JSON that can be read: {error}.") from None
    _check(value, limits, search_numbers=_MAY_OVERFLOW.search(raw) is not None)
    if not isinstance(value, dict):
        raise InvalidRequestError("The body must be a JSON object.")
    return value


def parsed(model: type[M], value: object, *, known: type[BaseModel] | None = None) -> M:
    """Return a body in the form of a model; a wrong name is met with the nearest one of `known`, else of the model.

    Raises:
        InvalidRequestError: it does not fit; each problem is named.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise invalid_body(error, known=(known or model).model_fields) from None


def check_count(what: str, value: object, *, at_most: int) -> None:
    """Refuse a list or an object that holds more than it may, before anything in it is looked at.

    Raises:
        RequestTooLargeError: it does.
    """
    if isinstance(value, list | dict) and len(value) > at_most:
        raise RequestTooLargeError(
            f"One request may name {at_most:,} {what}, this one names {len(value):,}. Send less."
        )


async def _read(request: Request, limits: ServerLimits) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > limits.max_body_bytes):  # noqa: PLR2004
        raise _too_long(limits)
    read = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for part in request.stream():
                read += part
                if len(read) > limits.max_body_bytes:
                    raise _too_long(limits)
    except TimeoutError:
        raise Refusal(
            408,
            "request_timeout",
            f"The body did not come within {limits.body_seconds:g} s.",
            headers={"Connection": "close"},  # what may still come belongs to no request
        ) from None
    return bytes(read)


def _too_long(limits: ServerLimits) -> RequestTooLargeError:
    return RequestTooLargeError(f"A request may have {limits.max_body_bytes:,} bytes. Send it in parts.")


def _check_headers(headers: Headers) -> None:
    if not _JSON.match(headers.get("content-type", "")):
        # A page in a browser can send nothing of this kind to us unasked, which protects those who need no key.
        raise Refusal(415, "unsupported_media_type", "The body must be JSON, with `Content-Type: application/json`.")
    if headers.get("content-encoding", "").strip().lower() not in _PLAIN:
        # A few bytes can be packed from as many as one likes.
        raise Refusal(415, "unsupported_media_type", "The body must be sent as it is, without a `Content-Encoding`.")


def _values(raw: bytes, *, enough: int) -> int:
    """Return about how many values a body holds, without reading them: millions of lists are seconds of work.

    Where not even with what stands in its texts there are enough, the texts are counted as well.
    """
    at_most = _separators(raw)
    return at_most if at_most <= enough else _separators(_TEXT.sub(b"", raw))


def _separators(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def _check(value: object, limits: ServerLimits, *, search_numbers: bool) -> None:
    """Refuse what would trouble whoever walks through it: level by level, so that depth costs no stack."""
    level: Sequence[object] = [value]
    for _ in range(limits.max_json_depth + 1):
        if search_numbers and any(isinstance(one, float) and math.isinf(one) for one in level):
            raise InvalidRequestError("The body holds a number that is too large.")
        inner = [one for one in level if isinstance(one, dict | list)]
        if not inner:
            return
        if any(len(one) > limits.max_json_names and isinstance(one, dict) for one in inner):
            raise RequestTooLargeError(f"An object may have {limits.max_json_names:,} names.")
        level = [held for one in inner for held in (one.values() if isinstance(one, dict) else one)]
    raise InvalidRequestError(f"The body has more than {limits.max_json_depth} objects and lists within each other.")
