"""OpenAI: texts by the Responses API, pictures by the Images API, through its own library."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx2
import openai

from aijobs_sdk.contract.provider import GenerationChunk, GenerationRequest, ImageRequest, Picture, TextChunk
from aijobs_sdk.providers.credentials import OpenAIKeys
from aijobs_sdk.providers.http_client import TIMEOUT, new_http_client, target_of
from aijobs_sdk.providers.network import REAL, Network
from aijobs_sdk.providers.openai.allowances import allowances
from aijobs_sdk.providers.openai.answer import Drawn, read_stream, read_whole
from aijobs_sdk.providers.openai.failures import NAME, translated
from aijobs_sdk.providers.openai.request import images_request, responses_request
from aijobs_sdk.providers.per_loop import PerLoop

EVERYWHERE = "https://api.openai.com/v1"
"""Where a route leads that names no region."""
_AS_IT_IS: openai.RequestOptions = {
    "max_retries": 0,
    "timeout": TIMEOUT,
    "params": {},
    "security": {"bearer_auth": True},
    "stream_mode": "legacy",
}
"""What would be so anyway: of each option that is left out the library makes a deep copy of its default."""


class OpenAI:
    """Asks OpenAI. One pool of connections on each event loop serves all calls."""

    name = NAME

    def __init__(self, keys: OpenAIKeys, *, network: Network = REAL) -> None:
        self._keys = keys
        self._network = network
        self._clients: PerLoop[str, openai.AsyncOpenAI] = PerLoop(self._open, openai.AsyncOpenAI.close)

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        """Yield the answer in pieces and then one `Finished`; closing the generator ends the call.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        with translated():
            if request.streamed:
                async with await self._open_stream(request) as events:
                    async for chunk in read_stream(events.response, request):
                        yield chunk
            else:
                answer = await self._ask(request)
                response = read_whole(answer.content)
                yield TextChunk(text=response.text)
                yield response.finished(request, allowances(answer.headers))

    async def draw(self, request: ImageRequest) -> Picture:
        """Return the picture.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        with translated():
            answer = await self._client_at(request.endpoint).images.with_raw_response.generate(
                **images_request(request), extra_headers=self._headers(request)
            )
            drawn = Drawn.model_validate_json(answer.content)
            return drawn.picture(served_model=request.model_id)

    async def aclose(self) -> None:
        """Close the connections of the running loop; the next call opens new ones."""
        await self._clients.aclose()

    # By `post()`, as `responses.create()` spends half of its time on walking through the request and on an object for
    # every part of the answer.

    async def _ask(self, request: GenerationRequest) -> httpx2.Response:
        return await self._client_at(request.endpoint).post(
            self._responses(request),
            cast_to=httpx2.Response,
            body=responses_request(request),
            options=self._options(request),
        )

    async def _open_stream(self, request: GenerationRequest) -> openai.AsyncStream[object]:
        return await self._client_at(request.endpoint).post(
            self._responses(request),
            cast_to=object,
            body=responses_request(request),
            options=self._options(request),
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )

    def _responses(self, request: GenerationRequest) -> str:
        # The whole address: the library takes an eighth of its time to put one together.
        return f"{self._base_url(request.endpoint)}/responses"

    def _options(self, request: GenerationRequest) -> openai.RequestOptions:
        # The library would draw a key of its own for every call, and send none.
        return {**_AS_IT_IS, "headers": self._headers(request), "idempotency_key": request.idempotency_token}

    def _client_at(self, endpoint: str | None) -> openai.AsyncOpenAI:
        return self._clients.get(self._base_url(endpoint))

    def _base_url(self, endpoint: str | None) -> str:
        return (self._keys.base_url or endpoint or EVERYWHERE).rstrip("/")

    def _open(self, base_url: str) -> openai.AsyncOpenAI:
        return _Client(
            api_key="" if self._keys.api_key is None else self._keys.api_key.get_secret_value(),
            base_url=base_url,
            max_retries=0,
            timeout=TIMEOUT,
            http_client=new_http_client(self._network),
        )

    def _headers(self, request: GenerationRequest | ImageRequest) -> dict[str, str]:
        return {"Idempotency-Key": request.idempotency_token, **self._network.tags(request)}


class _Client(openai.AsyncOpenAI):
    """Takes a whole address apart once, not for every call; a library that did not ask here would only be slower."""

    def _prepare_url(self, url: str) -> httpx2.URL:
        return target_of(url).url if url.startswith("http") else super()._prepare_url(url)
