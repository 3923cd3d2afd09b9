"""How a server is that does not say so itself."""

from __future__ import annotations

from aijobs_sdk.contract.health import Health, StoreHealth, WorkersHealth


def away(problem: str, seconds: float) -> Health:
    """Return the health of a server that could not be asked."""
    return Health(
        healthy=False,
        store=StoreHealth(reachable=False, seconds=seconds, problem=problem),
        workers=WorkersHealth(running=False, in_flight=0, concurrency=0),
        breakers=(),
    )
