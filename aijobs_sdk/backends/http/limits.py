"""How long a server is waited for, and how much of it is used at the same time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """What an application may turn; all durations are in seconds."""

    timeout_seconds: float = 30.0
    """How long one attempt may hear nothing."""
    connect_seconds: float = 5.0
    retry_seconds: float = 60.0
    """How long a call is tried again for; a server that asks for a longer pause is not waited for."""
    health_seconds: float = 3.0
    """How long `health()` waits for an answer."""
    max_calls: int = 32
    """Requests under way on one loop, streams of events left out."""
    max_streams: int = 16
    """Streams of events open on one loop, however many jobs are followed."""
    stream_idle_seconds: float = 45.0
    """After how long a silence a stream counts as broken: a server says something every 15 seconds."""
