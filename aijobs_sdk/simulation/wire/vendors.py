"""The vendors that are simulated."""

from __future__ import annotations

from collections.abc import Sequence

from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.wire.anthropic import Anthropic
from aijobs_sdk.simulation.wire.bedrock import Bedrock
from aijobs_sdk.simulation.wire.endpoints import Endpoints, Vendor
from aijobs_sdk.simulation.wire.google import Google
from aijobs_sdk.simulation.wire.openai import OpenAI


def new_endpoints(world: Simulation, *, keys_required: bool = True) -> Endpoints:
    """Return all of them in one world, with the models that this package knows."""
    return Endpoints(all_vendors(), world, ModelTable.load(), keys_required=keys_required)


def all_vendors() -> Sequence[Vendor]:
    """Return one of each."""
    return (OpenAI(), Anthropic(), Bedrock(), Google())
