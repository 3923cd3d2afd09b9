"""The providers of a simulated world: all of them in short, or the real adapters over a simulated network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aijobs_sdk.contract.provider import GenerationRequest, ImageRequest, Provider
from aijobs_sdk.providers.credentials import Credentials
from aijobs_sdk.providers.economy import batch_terms
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.network import Network
from aijobs_sdk.providers.registry import Providers, open_providers
from aijobs_sdk.simulation.direct_batches import BatchingSimulatedProvider
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.provider import SimulatedProvider

if TYPE_CHECKING:
    import httpx2


def simulated_providers(world: Mock, models: ModelTable) -> Providers:
    """Return a provider for every route of these models; in wire fidelity, the adapters for those that have one."""
    names = {route.provider for model in models for route in model.routes}
    simulated: Mapping[str, Provider] = {name: _simulated(name, world) for name in names}
    if world.fidelity == "direct":
        return Providers(simulated, {})
    adapters = open_providers(Credentials.made_up(), Network(lambda: _transport(world), _tags))
    have_none = {name: one for name, one in simulated.items() if name not in adapters.missing}
    return Providers({**have_none, **adapters.ready}, adapters.missing)


def _simulated(name: str, world: Mock) -> Provider:
    takes_batches = batch_terms(name) is not None
    return (BatchingSimulatedProvider if takes_batches else SimulatedProvider)(name, world, world.clock)


def _transport(world: Mock) -> httpx2.AsyncBaseTransport:
    import httpx2  # noqa: PLC0415 - comes with the vendors' libraries, which are extras

    transport: httpx2.AsyncBaseTransport = world.transport(httpx2)
    return transport


def _tags(request: GenerationRequest | ImageRequest) -> Mapping[str, str]:
    from aijobs_sdk.simulation.wire.identities import ATTEMPT, DRAW_KEY, JOB, TENANT  # noqa: PLC0415 - few need it

    return {
        DRAW_KEY: request.draw_key,
        ATTEMPT: str(request.attempt),
        JOB: str(request.job_id),
        TENANT: str(request.tenant_id),
    }
