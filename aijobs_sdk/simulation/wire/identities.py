"""Whose call a request is, and which attempt at what: all that its draws hang on."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from aijobs_sdk.simulation.wire.exchange import HttpRequest, json_of

DRAW_KEY, ATTEMPT, JOB, TENANT = "x-aijobs-draw-key", "x-aijobs-attempt", "x-aijobs-job-id", "x-aijobs-tenant-id"
"""Headers by which a caller says what the draws of a call hang on; others are told apart by what they ask. With the
last two the caller is a job of ours, and its draws are those that it would get without a wire."""
MOST_REPEATS = 100_000
"""Different requests that are remembered; one that comes again after so many others counts as new."""
SHORT_BYTES = 4096
"""Up to here it is remembered what a body is told by; long ones would fill the memory."""
_STREAMED = {
    ":streamGenerateContent": ":generateContent",
    "/invoke-with-response-stream": "/invoke",
    "/converse-stream": "/converse",
}
"""Paths that stream what others send whole."""


@dataclass(slots=True)
class Identity:
    """Whose call it is, and which attempt: what its draws hang on."""

    tenant: str
    """Stands for the key that the caller sent; the key itself is not kept."""
    key: str
    """What the caller's job is told by: equal requests get equal answers."""
    occurrence: int
    """How many equal jobs there were before."""
    attempt: int
    job_id: UUID | None = None
    """The job itself, where the caller is one of ours and says so."""

    @property
    def draw_key(self) -> str:
        """What a simulated answer hangs on: for our own jobs the same as without a wire."""
        return self.key if self.job_id is not None else f"{self.tenant}/{self.key}"


class Repeats:
    """Tells a caller's next try of a failed request from a new one that asks the same."""

    def __init__(self) -> None:
        self._tries: OrderedDict[tuple[str, str], tuple[int, int]] = OrderedDict()
        """By tenant and fingerprint: how many such requests were there before, and how often this one failed."""

    def identity(self, request: HttpRequest, *, tenant: str) -> Identity:
        """Return whose call this request is, and which attempt."""
        if (key := request.headers.get(DRAW_KEY)) is not None:
            said = request.headers.get(ATTEMPT, "")
            attempt = int(said) if said.isdecimal() else 1
            job_id = _uuid_in(request.headers, JOB)
            if job_id is not None:
                tenant = str(_uuid_in(request.headers, TENANT) or tenant)
            return Identity(tenant, key, 0, attempt, job_id)
        asked = (tenant, fingerprint(request))
        number, failures = self._tries.pop(asked, (0, 0))
        self._tries[asked] = (number + 1, 0)
        if len(self._tries) > MOST_REPEATS:
            self._tries.popitem(last=False)  # the one that has not come for the longest time
        return Identity(*asked, number, failures + 1)

    def failed(self, who: Identity, request: HttpRequest) -> None:
        """Let the next equal request be another try of this one."""
        if request.headers.get(DRAW_KEY) is None:
            self._tries[who.tenant, who.key] = (who.occurrence, who.attempt)


def _uuid_in(headers: Mapping[str, str], name: str) -> UUID | None:
    try:
        return UUID(headers.get(name, ""))
    except ValueError:
        return None


def fingerprint(request: HttpRequest) -> str:
    """Return what two requests for the same answer have in common, whether it is to be streamed or not."""
    known = _of_short if len(request.body) <= SHORT_BYTES else _of_any
    return known(request.path, request.body)


def _of_any(path: str, body: bytes) -> str:
    asked = json_of(body)
    if isinstance(asked, dict):
        asked = {name: value for name, value in asked.items() if name not in {"stream", "stream_options"}}
    for streamed, plain in _STREAMED.items():
        path = path.replace(streamed, plain)
    digest = hashlib.blake2b(json.dumps(asked, sort_keys=True).encode(), digest_size=12)
    digest.update(path.encode())
    return digest.hexdigest()


_of_short = lru_cache(1024)(_of_any)
