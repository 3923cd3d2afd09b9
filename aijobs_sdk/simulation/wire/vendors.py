"""The vendors that are simulated."""

from __future__ import annotations

from collections.abc import Sequence

from aijobs_sdk.simulation.wire.anthropic import Anthropic
from aijobs_sdk.simulation.wire.bedrock import Bedrock
from aijobs_sdk.simulation.wire.endpoints import Vendor
from aijobs_sdk.simulation.wire.google import Google
from aijobs_sdk.simulation.wire.openai import OpenAI


def all_vendors() -> Sequence[Vendor]:
    """Return one of each."""
    return (OpenAI(), Anthropic(), Bedrock(), Google())
