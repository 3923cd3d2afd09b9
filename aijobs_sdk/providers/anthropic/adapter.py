"""Claude, at Anthropic and on AWS: texts by the Messages API, through Anthropic's own library."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from typing import Any, NamedTuple

import anthropic
import httpx2
from pydantic import SecretStr

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.provider import Finished, GenerationChunk, GenerationRequest, TextChunk
from aijobs_sdk.providers.anthropic.answer import read_events, read_whole
from aijobs_sdk.providers.anthropic.failures import translated
from aijobs_sdk.providers.anthropic.request import Host, messages_request
from aijobs_sdk.providers.credentials import AnthropicKeys, BedrockKeys
from aijobs_sdk.providers.event_stream import read_out, within_bounds
from aijobs_sdk.providers.failures import Failure
from aijobs_sdk.providers.http_client import TIMEOUT, new_http_client
from aijobs_sdk.providers.network import REAL, Network
from aijobs_sdk.providers.per_loop import PerLoop

ANTHROPIC = Host(
    name="anthropic",
    output_tokens=64_000,  # the most that the models of today's table write; what is not written costs nothing
    fetches_images=True,
)
_BEDROCK = Host(
    name="bedrock",
    output_tokens=16_000,  # while a call runs, AWS takes all of it off the quota of the minute
    fetches_images=False,
)
_NO_CREDENTIALS = Failure(
    code="invalid_api_key",
    category=ErrorCategory.AUTHENTICATION,
    happened="was not asked",
    reason="AWS's own library found no credentials that it could use",
    advice="Check AWS_PROFILE, or sign in again (`aws sso login`).",
    retryable=False,
)
# The versions after these have no temperature, and AWS knows them for later models only.
API_VERSION = "2023-06-01"
_BEDROCK_VERSION = "bedrock-2023-05-31"
DEFAULT_REGION = "eu-west-2"
MOST_EVENT_BYTES = 16 * 1024 * 1024
"""The longest event of a stream: one holds a piece of an answer. The library takes ever longer for a longer one."""


class Anthropic:
    """Asks Anthropic itself. One pool of connections on each event loop serves all calls."""

    name = ANTHROPIC.name

    def __init__(self, keys: AnthropicKeys, *, network: Network = REAL) -> None:
        self._keys = keys
        self._network = network
        self._clients: PerLoop[str, anthropic.AsyncAnthropic] = PerLoop(self._open, anthropic.AsyncAnthropic.close)

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        """Yield the answer in pieces and then one `Finished`; closing the generator ends the call.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        asked = messages_request(request, ANTHROPIC)
        headers = {"anthropic-version": API_VERSION, **_headers(request, self._network)}
        client = self._client_at(request.endpoint)
        async with aclosing(_answer(client, asked, headers, request=request, provider=self.name)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def aclose(self) -> None:
        """Close the connections of the running loop; the next call opens new ones."""
        await self._clients.aclose()

    def _client_at(self, endpoint: str | None) -> anthropic.AsyncAnthropic:
        return self._clients.get(self._keys.base_url or endpoint or "https://api.anthropic.com")

    def _open(self, base_url: str) -> anthropic.AsyncAnthropic:
        return _AnthropicClient(
            api_key=_secret(self._keys.api_key) or "",
            base_url=base_url,
            max_retries=0,
            timeout=TIMEOUT,
            http_client=new_http_client(self._network),
        )


class _AnthropicClient(anthropic.AsyncAnthropic):
    """Anthropic's own, where an event that never ends is an outcome like any other."""

    # The seam has no public name: a version that has another one reads on as it is, and a test tells.
    def _make_sse_decoder(self) -> Any:  # noqa: ANN401 - the library's own
        return _Bounded(super()._make_sse_decoder())


class _Bounded:
    """Takes events apart as another does, and no longer ones than there can be."""

    def __init__(self, decoder: Any) -> None:  # noqa: ANN401 - the library's own
        self._decoder = decoder

    def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        return self._decoder.aiter_bytes(within_bounds(iterator, MOST_EVENT_BYTES))  # type: ignore[no-any-return]


class _Place(NamedTuple):
    """Where on AWS Claude is asked."""

    region: str
    base_url: str


class Bedrock:
    """Asks Claude on AWS. One pool of connections on each event loop and for each region serves all calls."""

    name = _BEDROCK.name

    def __init__(self, keys: BedrockKeys, *, network: Network = REAL) -> None:
        self._keys = keys
        self._network = network
        self._clients: PerLoop[_Place, _BedrockClient] = PerLoop(self._open, _BedrockClient.close)

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        """Yield the answer in pieces and then one `Finished`; closing the generator ends the call.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        asked = {"anthropic_version": _BEDROCK_VERSION, **messages_request(request, _BEDROCK)}
        headers = _headers(request, self._network)
        client = self._clients.get(self._place(request))
        async with aclosing(_answer(client, asked, headers, request=request, provider=self.name)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def aclose(self) -> None:
        """Close the connections of the running loop; the next call opens new ones."""
        await self._clients.aclose()

    def _place(self, request: GenerationRequest) -> _Place:
        region = request.region or DEFAULT_REGION
        usual = f"https://bedrock-runtime.{region}.amazonaws.com"
        return _Place(region, self._keys.base_url or request.endpoint or usual)

    def _open(self, place: _Place) -> _BedrockClient:
        client = _BedrockClient(
            api_key="",
            aws_region=place.region,
            base_url=place.base_url,
            max_retries=0,
            timeout=TIMEOUT,
            http_client=new_http_client(self._network),
        )
        # Only now: it refuses AWS's keys beside one of Bedrock's, and would find that one in the environment.
        client.api_key = _secret(self._keys.bearer_token)
        client.aws_access_key = _secret(self._keys.access_key_id)
        client.aws_secret_key = _secret(self._keys.secret_access_key)
        client.aws_session_token = _secret(self._keys.session_token)
        return client


class _BedrockClient(anthropic.AsyncAnthropicBedrock):
    """Anthropic's own, where no credentials are an outcome like any other."""

    async def _prepare_request(self, request: httpx2.Request) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - needed for Bedrock alone

        try:
            # It signs in a thread: AWS's library may read files, and ask the network for new credentials.
            await super()._prepare_request(request)
        except (BotoCoreError, ClientError, RuntimeError):  # the last one where it found none
            raise _NO_CREDENTIALS.error(_BEDROCK.name) from None


def _headers(request: GenerationRequest, network: Network) -> dict[str, str]:
    return {"Idempotency-Key": request.idempotency_token, **network.tags(request)}


def _secret(value: SecretStr | None) -> str | None:
    return None if value is None else value.get_secret_value()


async def _answer(
    client: anthropic.AsyncAnthropic | anthropic.AsyncAnthropicBedrock,
    asked: dict[str, Any],
    headers: Mapping[str, str],
    *,
    request: GenerationRequest,
    provider: str,
) -> AsyncGenerator[GenerationChunk]:
    # `messages.create` has no temperature, and warns of every call to a model that will be retired.
    with translated(provider):
        if not asked.get("stream"):
            whole = await client.post(
                "/v1/messages", cast_to=httpx2.Response, body=asked, options={"headers": dict(headers)}
            )
            for chunk in _told_at_once(whole, request, provider):
                yield chunk
            return
        stream = await client.post(
            "/v1/messages",
            cast_to=object,
            body=asked,
            options={"headers": dict(headers)},
            stream=True,
            stream_cls=anthropic.AsyncStream[object],
        )
        if _is_json(stream.response):  # no events: a gateway's error under a good status, or all of the answer at once
            async with stream:
                await stream.response.aread()
            for chunk in _told_at_once(stream.response, request, provider):
                yield chunk
            return
        async with stream as events, aclosing(_taken_apart(events)) as taken:
            chunks = read_events(taken, request, provider, events.response.headers)
            async with aclosing(chunks if request.streamed else _in_one_piece(chunks)) as pieces:
                async for chunk in pieces:
                    if isinstance(chunk, Finished):
                        await read_out(events)
                    yield chunk


def _is_json(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").startswith("application/json")


def _told_at_once(response: httpx2.Response, request: GenerationRequest, provider: str) -> Iterator[GenerationChunk]:
    answer = read_whole(response)
    yield TextChunk(text=answer.text)
    yield answer.finished(request, provider, response.headers)


async def _taken_apart(events: AsyncIterable[object]) -> AsyncGenerator[object]:
    """Yield the events of a stream.

    Raises:
        ValueError: the libraries stumbled over one, as AWS's do over a frame with a list in it.
    """
    try:
        async for event in events:
            yield event
    except (anthropic.AnthropicError, httpx2.HTTPError, httpx2.StreamError):
        raise
    except Exception as error:
        raise ValueError("no event") from error


async def _in_one_piece(chunks: AsyncGenerator[GenerationChunk]) -> AsyncGenerator[GenerationChunk]:
    text: list[str] = []
    async with aclosing(chunks):
        async for chunk in chunks:
            match chunk:
                case TextChunk():
                    text.append(chunk.text)
                case Finished():
                    yield TextChunk(text="".join(text))
                    yield chunk
