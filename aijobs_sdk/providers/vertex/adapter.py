"""Vertex AI: texts by Google's Gemini models, through its own library."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NamedTuple

from aijobs_sdk.contract.provider import GenerationChunk, GenerationRequest, TextChunk
from aijobs_sdk.providers.credentials import VertexKeys
from aijobs_sdk.providers.event_stream import read_events, read_out
from aijobs_sdk.providers.network import REAL, Network
from aijobs_sdk.providers.per_loop import PerLoop
from aijobs_sdk.providers.vertex.answer import Answer
from aijobs_sdk.providers.vertex.client import Asked, VertexClient
from aijobs_sdk.providers.vertex.credentials import ApplicationDefault, made_up_credentials
from aijobs_sdk.providers.vertex.failures import NAME, translated
from aijobs_sdk.providers.vertex.request import content_request

_EVERYWHERE = "global"
"""Google's name for no region in particular."""


class _Place(NamedTuple):
    location: str
    base_url: str | None


class Vertex:
    """Asks Vertex AI. One pool of connections a region on each event loop serves all calls."""

    name = NAME

    def __init__(self, keys: VertexKeys, *, network: Network = REAL) -> None:
        self._keys = keys
        self._network = network
        self._credentials = made_up_credentials() if keys.is_anonymous else ApplicationDefault()
        self._clients: PerLoop[_Place, VertexClient] = PerLoop(self._open, VertexClient.aclose)

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        """Yield the answer in pieces and then one `Finished`; closing the generator ends the call.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        asked = content_request(request, self._headers(request))
        client = self._clients.get(_Place(request.region or _EVERYWHERE, self._keys.base_url or request.endpoint))
        answer = Answer(request)
        with translated():
            if request.streamed:
                async with aclosing(_texts(client, asked, answer)) as texts:
                    async for text in texts:
                        yield TextChunk(text=text)
            else:
                yield TextChunk(text=answer.read(await client.whole(asked)))
            yield answer.finished()

    async def aclose(self) -> None:
        """Close the connections of the running loop; the next call opens new ones."""
        await self._clients.aclose()

    def _open(self, place: _Place) -> VertexClient:
        return VertexClient(
            project=self._keys.project,
            location=place.location,
            base_url=place.base_url,
            credentials=self._credentials,
            network=self._network,
        )

    def _headers(self, request: GenerationRequest) -> dict[str, str]:
        return {"Idempotency-Key": request.idempotency_token, **self._network.tags(request)}


async def _texts(client: VertexClient, asked: Asked, answer: Answer) -> AsyncGenerator[str]:
    """Yield the words of a stream until its answer is whole, or nothing more comes."""
    async with client.streamed(asked) as response, aclosing(read_events(response)) as events:
        async for event in events:
            if text := answer.read(event):
                yield text
            if answer.is_whole:
                await read_out(events)
                return
