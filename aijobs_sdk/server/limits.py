"""How much one request, and one tenant, may ask of a server."""

from __future__ import annotations

from pydantic import Field

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.payload_json import MOST_LEVELS

MAX_SEQ = 2**31 - 1
"""Beyond any event's number, and what every store has a place for."""


class ServerLimits(Fact):
    """What is refused, with a name and a number, before it costs anything."""

    max_body_bytes: int = Field(default=8 * 1024 * 1024, ge=1)
    body_seconds: float = Field(default=30.0, gt=0)
    """How long a request's body may take to come."""
    max_json_depth: int = Field(default=MOST_LEVELS + 4, ge=4)
    """Objects and lists within each other: those of a payload, and what it stands in."""
    max_json_values: int = Field(default=250_000, ge=1)
    """In one body, so that what it costs to look at each of them is bounded as well: 25 for each of the most jobs."""
    max_json_names: int = Field(default=10_000, ge=1)
    """In one object."""
    max_jobs: int = Field(default=10_000, ge=1)
    """In one request, to submit or to follow."""
    max_ids: int = Field(default=1000, ge=1)
    """In one look-up."""
    max_ids_in_address: int = Field(default=100, ge=1)
    """In the address of one stream."""
    max_prompt_chars: int = Field(default=4_000_000, ge=1)
    """About a million tokens, which is what the largest models read."""
    max_streams_per_tenant: int = Field(default=100, ge=1)
    requests_per_second: float | None = Field(default=None, gt=0)
    """Of one tenant, evenly, with as many at once; None: as many as come."""
