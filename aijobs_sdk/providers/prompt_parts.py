"""What a model reads beside texts: pictures, tools, and schemas that its answer has to fit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from aijobs_sdk.providers.tokens import estimate_tokens

TOKENS_PER_IMAGE = 1_600
"""What a picture in a prompt is taken for: one of a megapixel at Anthropic, which counts the most (Anthropic, "Vision":
width x height / 750)."""


def tool_object(name: str, description: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a tool as the one object that is counted."""
    return {"name": name, "description": description, **parameters}


def tokens_beside_texts(*, images: int, objects: Iterable[Mapping[str, Any]]) -> int:
    """Return about how many tokens so many pictures and these objects (tools, schemas, arguments) are."""
    return TOKENS_PER_IMAGE * images + sum(estimate_tokens(json.dumps(one)) for one in objects if one)
