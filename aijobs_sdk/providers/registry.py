"""Which vendors can be asked here, and what to set before the others can."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple

from aijobs_sdk.contract.provider import (
    GenerationChunk,
    GenerationRequest,
    ImageProvider,
    ImageRequest,
    Picture,
    Provider,
)
from aijobs_sdk.providers.credentials import Credentials
from aijobs_sdk.providers.network import REAL, Network


class Providers(NamedTuple):
    """Who can be asked, and who cannot."""

    ready: Mapping[str, Provider]
    missing: Mapping[str, str]
    """By the name of a vendor that cannot be asked: what to set or install first."""


def open_providers(credentials: Credentials, network: Network = REAL) -> Providers:
    """Return the vendors whose libraries are installed and whose keys are set; none is loaded or asked."""
    ready: dict[str, Provider] = {}
    missing: dict[str, str] = {}
    for name, vendor in _VENDORS.items():
        if not all(_is_installed(package) for package in vendor.packages):
            missing[name] = f"Its library is not installed: pip install 'aijobs-sdk[{vendor.extra}]'."
        elif problem := vendor.missing(credentials):
            missing[name] = problem
        else:
            wrapped = _AlsoDraws if vendor.draws else _LoadedWhenAsked
            ready[name] = wrapped(name, partial(vendor.open, credentials, network))
    return Providers(ready, missing)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # of the package above
        return False


class _LoadedWhenAsked:
    """A provider whose library is loaded, in a thread, when it is first asked: some take more than a second."""

    def __init__(self, name: str, load: Callable[[], Provider]) -> None:
        self.name = name
        self._load = load
        self._lock = threading.Lock()
        self._provider: Provider | None = None

    def stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        """Yield the answer."""
        return self._load_and_stream(request) if self._provider is None else self._provider.stream(request)

    async def aclose(self) -> None:
        """Close connections, if any were opened."""
        if self._provider is not None:
            await self._provider.aclose()

    async def _load_and_stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        async with aclosing((await self._loaded()).stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _loaded(self) -> Provider:
        if self._provider is None:
            return await asyncio.to_thread(self._load_once)
        return self._provider

    def _load_once(self) -> Provider:
        with self._lock:
            if self._provider is None:
                self._provider = self._load()
            return self._provider


class _AlsoDraws(_LoadedWhenAsked):
    """The same for one that draws."""

    async def draw(self, request: ImageRequest) -> Picture:
        """Return the picture."""
        provider = await self._loaded()
        assert isinstance(provider, ImageProvider)  # noqa: S101 - `_VENDORS` says so
        return await provider.draw(request)


def _open_openai(credentials: Credentials, network: Network) -> Provider:
    from aijobs_sdk.providers.openai.adapter import OpenAI  # noqa: PLC0415 - an extra, and half a second to import

    return OpenAI(credentials.openai, network=network)


def _open_anthropic(credentials: Credentials, network: Network) -> Provider:
    from aijobs_sdk.providers.anthropic.adapter import Anthropic  # noqa: PLC0415 - an extra, and seconds to import

    return Anthropic(credentials.anthropic, network=network)


def _open_bedrock(credentials: Credentials, network: Network) -> Provider:
    from aijobs_sdk.providers.anthropic.adapter import Bedrock  # noqa: PLC0415 - an extra, and seconds to import

    return Bedrock(credentials.bedrock, network=network)


def _open_vertex(credentials: Credentials, network: Network) -> Provider:
    from aijobs_sdk.providers.vertex.adapter import Vertex  # noqa: PLC0415 - an extra, and a second to import

    return Vertex(credentials.vertex, network=network)


class _Vendor(NamedTuple):
    extra: str
    packages: tuple[str, ...]
    """What has to be installed, the vendor's own library first."""
    missing: Callable[[Credentials], str | None]
    open: Callable[[Credentials, Network], Provider]
    draws: bool = False


_VENDORS: Mapping[str, _Vendor] = {
    "openai": _Vendor("openai", ("openai", "aiohttp"), lambda keys: keys.openai.missing, _open_openai, draws=True),
    "anthropic": _Vendor("anthropic", ("anthropic", "aiohttp"), lambda keys: keys.anthropic.missing, _open_anthropic),
    "bedrock": _Vendor(
        "anthropic", ("anthropic", "aiohttp", "botocore"), lambda keys: keys.bedrock.missing, _open_bedrock
    ),
    "vertex": _Vendor("vertex", ("google.genai", "aiohttp"), lambda keys: keys.vertex.missing, _open_vertex),
}
