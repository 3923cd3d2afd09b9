"""Which vendors can be asked here, and what to set before the others can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple

from aijobs_sdk.contract.provider import Provider
from aijobs_sdk.providers.credentials import Credentials
from aijobs_sdk.providers.loaded_when_asked import AlsoDrawsAndTakesBatches, AlsoTakesBatches, LoadedWhenAsked
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
            ready[name] = vendor.loaded(name, partial(vendor.open, credentials, network))
    return Providers(ready, missing)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # of the package above
        return False


def _open_openai(credentials: Credentials, network: Network) -> Provider:
    from aijobs_sdk.providers.openai.batches import BatchingOpenAI  # noqa: PLC0415 - an extra, half a second to import

    return BatchingOpenAI(credentials.openai, network=network)


def _open_anthropic(credentials: Credentials, network: Network) -> Provider:
    from aijobs_sdk.providers.anthropic.batches import BatchingAnthropic  # noqa: PLC0415 - an extra, seconds to import

    return BatchingAnthropic(credentials.anthropic, network=network)


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
    loaded: type[LoadedWhenAsked] = LoadedWhenAsked
    """Says what it can be asked for, before it is there."""


_VENDORS: Mapping[str, _Vendor] = {
    "openai": _Vendor(
        "openai", ("openai", "aiohttp"), lambda keys: keys.openai.missing, _open_openai, AlsoDrawsAndTakesBatches
    ),
    "anthropic": _Vendor(
        "anthropic", ("anthropic", "aiohttp"), lambda keys: keys.anthropic.missing, _open_anthropic, AlsoTakesBatches
    ),
    "bedrock": _Vendor(
        "anthropic", ("anthropic", "aiohttp", "botocore"), lambda keys: keys.bedrock.missing, _open_bedrock
    ),
    "vertex": _Vendor("vertex", ("google.genai", "aiohttp"), lambda keys: keys.vertex.missing, _open_vertex),
}
