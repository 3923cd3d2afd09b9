"""Names of providers and models, under which two spellings of one thing are one."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from aijobs_sdk.contract.model import Fact


def provider_key(provider: str) -> str:
    """Return the name that all names of a provider stand for: `bedrock` for `AWS`."""
    name = _dashed(provider)
    if name.startswith("vertex-ai-"):  # LiteLLM has a list of its own for each vendor whose models Vertex sells
        name = "vertex-ai"
    return _aliases().providers.get(name, name)


def model_key(provider: str, model: str) -> str:
    """Return the name that all spellings of a provider's model stand for: `gpt-5-2` for `openai/GPT-5.2`."""
    name = _dashed(_without_provider(provider, model))
    return _aliases().models.get(name, name)


def spellings(provider: str, model: str) -> tuple[str, ...]:
    """Return the ways a model may be written in a list that is not ours, the likeliest first."""
    key = model_key(provider, model)
    dotted = re.sub(r"(?<=\d)-(?=\d)", ".", key)
    return tuple(dict.fromkeys((_without_provider(provider, model), key, dotted)))


class _Aliases(Fact):
    providers: dict[str, str]
    models: dict[str, str]


@cache
def _aliases() -> _Aliases:
    return _Aliases.model_validate(tomllib.loads(files(__package__).joinpath("price_names.toml").read_text("utf-8")))


def _without_provider(provider: str, model: str) -> str:
    """Return `gpt-5.2` for `openai/gpt-5.2` of OpenAI; a publisher that is not the provider stays."""
    before, _, name = model.strip().partition("/")
    return name if name and provider_key(before) == provider_key(provider) else model.strip()


def _dashed(name: str) -> str:
    return re.sub(r"[._\s]", "-", name.strip().lower())
