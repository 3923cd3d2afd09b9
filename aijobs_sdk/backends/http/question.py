"""One thing that a server is asked: which request, and what of it may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote
from uuid import UUID

from aijobs_sdk.contract.errors import AIJobsError

QueryValue = str | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request as it is sent again with every attempt. Logs and hooks see `method`, `path` and `job_id` alone."""

    method: str
    path: str
    """With `{}` for each name in it."""
    names: tuple[str | UUID, ...] = field(default=(), repr=False)
    query: Mapping[str, QueryValue] = field(default_factory=dict, repr=False)
    """None: left out."""
    body: bytes | None = field(default=None, repr=False)
    """JSON."""
    idempotency_key: str | None = field(default=None, repr=False)
    """The same for all attempts: what comes twice is done once."""
    done_if: type[AIJobsError] | None = None
    """What says that it is done where an attempt before may have done it: of what was deleted, that there is none."""
    media_type: str | None = None
    """What the answer has to be where it is no JSON."""
    job_id: UUID | None = None
    model: str | None = None
    """The one that is asked for, where there is one."""

    @property
    def address(self) -> str:
        """The path with its names, below the server's own address."""
        return self.path.format(*(quote(str(name), safe="") for name in self.names))

    @property
    def parameters(self) -> dict[str, str]:
        """The query as it is sent."""
        return {name: _text(value) for name, value in self.query.items() if value is not None}

    @property
    def headers(self) -> dict[str, str]:
        """What this request says beside what every request says."""
        headers = {} if self.body is None else {"Content-Type": "application/json"}
        if self.media_type is not None:
            headers["Accept"] = self.media_type
        if self.idempotency_key is not None:
            headers["Idempotency-Key"] = self.idempotency_key
        return headers


def _text(value: str | float | bool) -> str:  # noqa: FBT001 - any value that a query has
    return str(value).lower() if isinstance(value, bool) else str(value)
