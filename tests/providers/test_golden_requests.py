"""The bytes that leave for a vendor are those that its reference asks for: `golden/`, each file with its source."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import GenerationRequest, ImageProvider, ImageRequest
from aijobs_sdk.providers.credentials import Credentials
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.network import Network
from aijobs_sdk.providers.registry import open_providers

FILES = sorted((Path(__file__).parent / "golden").glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_request_is_what_the_reference_asks_for(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))

    sent = _sent(golden)

    assert (sent.method, str(sent.url)) == (golden["method"], golden["url"])
    assert {name: sent.headers.get(name) for name in golden["headers"]} == golden["headers"]
    assert json.loads(sent.content) == golden["body"]


def _sent(golden: Mapping[str, Any]) -> httpx2.Request:
    """Return the one request that an adapter sends, to a vendor who does not answer it."""
    requests: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(500)

    network = Network(open_transport=lambda: httpx2.MockTransport(answer))
    with pytest.raises(ProviderError):
        asyncio.run(_ask(golden, network))
    [sent] = requests
    return sent


async def _ask(golden: Mapping[str, Any], network: Network) -> None:
    provider = open_providers(Credentials.made_up(), network).ready[golden["provider"]]
    try:
        if "draw" in golden:
            assert isinstance(provider, ImageProvider)
            await provider.draw(ImageRequest.model_validate(_told(golden) | golden["draw"]))
        else:
            async with aclosing(provider.stream(_request(golden))) as chunks:
                async for _ in chunks:
                    pass
    finally:
        await provider.aclose()


def _request(golden: Mapping[str, Any]) -> GenerationRequest:
    return GenerationRequest.model_validate(_told(golden) | golden["ask"])


def _told(golden: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a job tells of itself and its model."""
    model = ModelTable.load().get(golden["model"]).via(golden["provider"])
    return {
        "model": model.name,
        "model_id": model.route.model_id,
        "region": model.route.region,
        "endpoint": model.route.endpoint,
        "tenant_id": UUID(int=1),
        "job_id": UUID(int=2),
        "attempt": 1,
        "idempotency_token": "step",
        "draw_key": "job",
    }
