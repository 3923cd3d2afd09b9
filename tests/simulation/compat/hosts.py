"""The two hosts of the simulation, and the vendors' own clients in each: in process, and over HTTP."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import boto3
import httpx2
from anthropic import AsyncAnthropic, AsyncAnthropicBedrock
from botocore.config import Config
from google.genai import Client, types
from google.oauth2.credentials import Credentials
from openai import AsyncOpenAI

from aijobs_sdk.simulation.mock import Mock
from mock_server.server import running

T = TypeVar("T")
IN_PROCESS, OVER_HTTP = "in process", "over HTTP"
GPT, EMBEDDING, PICTURE = "gpt-5.2", "text-embedding-3-small", "gpt-image-2"
CLAUDE, CLAUDE_ON_BEDROCK = "claude-sonnet-4-5-20250929", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
FLASH = "gemini-3-flash-preview"
REGION = "eu-west-2"
_SEED = 7
_VERTEX: Mapping[str, Any] = {
    "vertexai": True,
    "project": "any",
    "location": REGION,
    "credentials": Credentials("any"),  # type: ignore[no-untyped-call]
}


class Host(ABC):
    """A simulated world, and where clients find it: they are made inside of `run()`, which is run once.

    In a `strict` one, OpenAI's and Anthropic's clients take no answer that does not fit their types.
    """

    def __init__(self, world: Mock, *, strict: bool = False) -> None:
        self.world = world
        self.http: httpx2.AsyncClient
        """What all clients send by."""
        self._strict = {"_strict_response_validation": True} if strict else {}
        self._google: dict[str, Client] = {}
        self._closing: ExitStack

    @abstractmethod
    def _network(self) -> httpx2.AsyncClient:
        """Return a client whose requests come to the simulation."""

    @abstractmethod
    def _new_loop(self) -> asyncio.AbstractEventLoop:
        """Return a loop on the time of the world."""

    @abstractmethod
    def _address(self, *, path: str = "") -> str | None:
        """Return the address for a client, None where the vendor's own will do."""

    def run(self, play: Callable[[], Awaitable[T]]) -> T:
        """Return what the coroutine returns."""

        async def main() -> T:
            with ExitStack() as self._closing:
                async with self._network() as self.http:
                    return await play()

        with asyncio.Runner(loop_factory=self._new_loop) as runner:
            return runner.run(main())

    def openai(self, **options: Any) -> AsyncOpenAI:
        """Return OpenAI's client; it tries once."""
        given = {"api_key": "any", "base_url": self._address(path="/v1"), "max_retries": 0}
        return AsyncOpenAI(http_client=self.http, **given | self._strict | options)

    def anthropic(self, **options: Any) -> AsyncAnthropic:
        """Return Anthropic's client; it tries once."""
        given = {"api_key": "any", "base_url": self._address(), "max_retries": 0}
        return AsyncAnthropic(http_client=self.http, **given | self._strict | options)

    def bedrock(self, **options: Any) -> AsyncAnthropicBedrock:
        """Return Anthropic's client for Bedrock; it tries once."""
        signer = {"aws_region": REGION, "aws_access_key": "AKIA", "aws_secret_key": "any"}
        given = {**signer, "base_url": self._address(), "max_retries": 0}
        return AsyncAnthropicBedrock(http_client=self.http, **given | self._strict | options)

    def gemini(self, **options: Any) -> Any:
        """Return the models of Google's client, with a key."""
        return self.gemini_client(**options).models

    def gemini_client(self, **options: Any) -> Any:
        """Return Google's client, with a key."""
        return self._google_client({"api_key": "any"}, options).aio

    def vertex(self, **options: Any) -> Any:
        """Return the models of Google's client, through Vertex AI."""
        return self._google_client(_VERTEX, options).aio.models

    def _google_client(self, who: Mapping[str, Any], options: Mapping[str, Any]) -> Client:
        made_with = f"{who} {options}"
        if made_with not in self._google:  # each reads the certificates of this machine: twenty a second
            http_options = types.HttpOptions(httpx_async_client=self.http, base_url=self._address(), **options)
            self._google[made_with] = Client(**who, http_options=http_options)
        return self._google[made_with]


class InProcess(Host):
    """In this process and in virtual time."""

    def __init__(self, profile: str = "fast", *, strict: bool = False) -> None:
        super().__init__(Mock(_SEED, profile, virtual=True), strict=strict)

    def _network(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=self.world.transport(httpx2))

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        return self.world.new_loop()

    def _address(self, *, path: str = "") -> None:
        return None


class OverHttp(Host):
    """At an address, in real time."""

    def __init__(self, url: str, world: Mock) -> None:
        super().__init__(world)
        self._url = url

    def boto(self, **config: Any) -> Any:
        """Return Amazon's client; it tries once, and blocks."""
        client = boto3.client(
            "bedrock-runtime",
            region_name=REGION,
            endpoint_url=self._url,
            aws_access_key_id="AKIA",
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )
        self._closing.callback(client.close)
        return client

    def _network(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(limits=httpx2.Limits(max_connections=None), verify=False)

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.new_event_loop()

    def _address(self, *, path: str = "") -> str:
        return self._url + path


@contextmanager
def over_http(profile: str = "fast") -> Iterator[Callable[[], OverHttp]]:
    """Serve while the block runs; each call of what is yielded begins the world anew."""
    worlds: list[Mock] = []

    def new_world() -> Mock:
        worlds.append(Mock(_SEED, profile, virtual=False))
        return worlds[-1]

    with running(new_world) as url:

        def begin_anew() -> OverHttp:
            httpx2.post(f"{url}/_sim/reset").raise_for_status()
            return OverHttp(url, worlds[-1])

        yield begin_anew
