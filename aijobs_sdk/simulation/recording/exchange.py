"""One exchange as it is recorded: what was asked, told apart but not told, and what came back when."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.simulation.recording.secrets import public_path, public_query
from aijobs_sdk.simulation.wire.exchange import HttpRequest
from aijobs_sdk.simulation.wire.identities import fingerprint

_STREAMING = (":streamGenerateContent", "/invoke-with-response-stream", "/converse-stream")
_MODEL = re.compile(r"/model/(?P<bedrock>.+)/(?:invoke|converse)|/models/(?P<other>[^/:]+)")
_BOUNDARY = re.compile(r"boundary=\"?([^\";]+)")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_HEADER_VALUE = re.compile(r"[^\x00\r\n\u0100-\U0010ffff]*")
STATUSES = range(100, 600)
"""Those of HTTP: nobody could be answered with another one."""


def _decodable(text: str) -> str:
    base64.b64decode(text, validate=True)
    return text


def _headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"{name!r} is no header of HTTP, with its name in lower case and a byte a character")
    return headers


class Ended(StrEnum):
    """How an exchange ended."""

    WHOLE = "whole"
    RESET = "reset"
    """The connection broke."""
    REFUSED = "refused"
    """There never was a connection."""
    TIMED_OUT = "timed_out"
    """Silence, until the caller's own limit."""
    LEFT = "left"
    """The caller went away first: what would have come is not known."""


class Question(Fact):
    """What a request is told by. It holds neither headers nor query nor body, only a digest of what counts in them."""

    method: str
    host: str
    """With the port, unless it is the usual one; empty where nobody said."""
    path: str
    """Without projects and account numbers."""
    model: str | None
    """As the caller wrote it; None where no model is named."""
    streamed: bool
    fingerprint: str

    @staticmethod
    def of(request: HttpRequest) -> Question:
        """Return what this request is told by."""
        path = public_path(request.path)
        return Question(
            method=request.method,
            host=request.headers.get("host", ""),
            path=path,
            model=_model_of(request, path),
            streamed=_field(request, "stream") is True or path.endswith(_STREAMING),
            fingerprint=_fingerprint(request, path),
        )

    @property
    def key(self) -> tuple[str, bool, str]:
        """What two requests have in common that get the same answers, whichever host they go to."""
        return self.method, self.streamed, self.fingerprint

    def __str__(self) -> str:
        details = [*([self.model] if self.model else []), *(["streamed"] if self.streamed else [])]
        return f"{self.method} {self.path}" + (f" ({', '.join(details)})" if details else "")


class RecordedChunk(Fact):
    """Some bytes of an answer, as they came together."""

    at: float
    """In seconds from the start of the call."""
    text: str | None = None
    base64: Annotated[str, AfterValidator(_decodable)] | None = None
    """Instead of the text, where the bytes are none."""

    @classmethod
    def of(cls, at: float, data: bytes) -> Self:
        """Return these bytes as a line can hold them."""
        try:
            return cls(at=at, text=data.decode())
        except UnicodeDecodeError:
            return cls(at=at, base64=base64.b64encode(data).decode())

    @property
    def data(self) -> bytes:
        """The bytes."""
        return base64.b64decode(self.base64) if self.base64 is not None else (self.text or "").encode()


class Exchange(Fact):
    """One call from its start to its end."""

    number: int
    """In the order in which the calls of a recording began."""
    asked: Question
    status: int | None = Field(ge=STATUSES[0], le=STATUSES[-1])
    """None where it ended before the answer began."""
    headers: Annotated[Mapping[str, str], AfterValidator(_headers)] = {}
    answered_at: float | None = None
    """When status and headers came, in seconds from the start of the call."""
    chunks: tuple[RecordedChunk, ...] = ()
    ended: Ended
    ended_at: float

    @property
    def body(self) -> bytes:
        """What came, joined."""
        return b"".join(chunk.data for chunk in self.chunks)


def _fingerprint(request: HttpRequest, path: str) -> str:
    """Return a digest of all that an answer hangs on: body, path and query, without keys."""
    plain = HttpRequest(request.method, path, headers={}, body=request.body)
    parts = [fingerprint(plain), json.dumps(_field(request, "stream_options")), public_query(request.query)]
    digest = blake2b("\n".join(parts).encode(), digest_size=12)
    if plain.json is None:
        digest.update(_without_boundary(request))
    return digest.hexdigest()


def _without_boundary(request: HttpRequest) -> bytes:
    """Return a body that is no JSON, without what parts its parts: it is drawn anew for each request."""
    boundary = _BOUNDARY.search(request.headers.get("content-type", ""))
    return request.body if boundary is None else request.body.replace(boundary[1].encode(), b"")


def _model_of(request: HttpRequest, path: str) -> str | None:
    named = _field(request, "model")
    if isinstance(named, str):
        return named
    found = _MODEL.search(path)
    return None if found is None else found["bedrock"] or found["other"]


def _field(request: HttpRequest, name: str) -> object:
    return request.json.get(name) if isinstance(request.json, Mapping) else None
