"""How vendors are reached: over the real network, or over another in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aijobs_sdk.contract.provider import GenerationRequest, ImageRequest

if TYPE_CHECKING:
    import httpx2


def _no_tags(_: GenerationRequest | ImageRequest) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Network:
    """What lies between a vendor's library and the vendor."""

    open_transport: Callable[[], httpx2.AsyncBaseTransport] | None = None
    """None: connections to the real ones."""
    tags: Callable[[GenerationRequest | ImageRequest], Mapping[str, str]] = _no_tags
    """Headers beside the vendor's own: none to a real one, and to a simulated one whose call it is."""


REAL = Network()
