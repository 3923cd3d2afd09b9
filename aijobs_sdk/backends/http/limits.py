"""How long a server is waited for, and how much of it is used at the same time."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aijobs_sdk.contract.given import Given
from aijobs_sdk.engine.limits import LONGEST_SECONDS

_Seconds = Annotated[float, Field(gt=0, le=LONGEST_SECONDS)]


class HttpLimits(Given):
    """What an application may turn; all durations are in seconds."""

    timeout_seconds: _Seconds = 30.0
    """How long one attempt may hear nothing."""
    connect_seconds: _Seconds = 5.0
    retry_seconds: Annotated[float, Field(ge=0, le=LONGEST_SECONDS)] = 60.0
    """How long a call is tried again for; a server that asks for a longer pause is not waited for."""
    health_seconds: _Seconds = 3.0
    """How long `health()` waits for an answer."""
    max_calls: Annotated[int, Field(ge=1)] = 32
    """Requests under way on one loop, streams of events left out."""
    max_streams: Annotated[int, Field(ge=1)] = 16
    """Streams of events open on one loop, however many jobs are followed."""
    max_answer_bytes: Annotated[int, Field(ge=1)] = 256 * 2**20
    """What one answer may have, unpacked: something that answers without end must not fill the memory."""
    stream_idle_seconds: _Seconds = 45.0
    """After how long a silence a stream counts as broken: a server says something every 15 seconds."""
