"""The names by which vendors know models: their own ids, with and without dates and regions, and ours."""

from __future__ import annotations

import re
from functools import lru_cache

from aijobs_sdk.providers.model import Model
from aijobs_sdk.providers.models import ModelTable

SERVED_BY = {"openai": ("openai",), "anthropic": ("anthropic",), "bedrock": ("bedrock",), "google": ("vertex",)}
"""The providers in the table of models whose models a simulated vendor has."""
_REGION = re.compile(r"^(?:eu|us|apac|jp|global)\.")
_TAIL = re.compile(r"(?:-\d{8}|-\d{4}-\d{2}-\d{2})?(?:-v\d+(?::\d+)?)?$")


@lru_cache(1024)  # every call asks, and a table never changes
def find_model(table: ModelTable, vendor: str, model_id: str) -> Model | None:
    """Return the model that this vendor knows by the name, None where it knows none."""
    wanted = _plain(model_id)
    for model in table:
        routes = [route for route in model.routes if route.provider in SERVED_BY[vendor]]
        names = {model.name, *(route.model_id for route in routes)}
        if routes and wanted in map(_plain, names):
            return model
    return None


def _plain(name: str) -> str:
    """Return a name without what varies: `eu.anthropic.claude-sonnet-4-5-20250929-v1:0` is `claude-sonnet-4-5`."""
    name = name.rsplit("/", 1)[-1]
    name = _TAIL.sub("", _REGION.sub("", name)).removeprefix("anthropic.")
    return name.removesuffix("-preview").replace(".", "-")
