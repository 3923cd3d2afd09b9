"""OpenAI's lists of models, and its embeddings."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Sequence
from typing import TypeGuard

from pydantic import JsonValue

from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.exchange import HttpResponse, Json
from aijobs_sdk.simulation.wire.openai_reading import missing, whole_number, wrong_type

DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
MOST_INPUTS = 2048


def models(call: Call) -> HttpResponse:
    """Answer `GET /v1/models`."""
    names = [one.name for one in call.table if any(route.provider == "openai" for route in one.routes)]
    data: list[JsonValue] = [_model(name, call) for name in [*names, *DIMENSIONS]]
    return call.reply({"object": "list", "data": data})


def model(call: Call) -> HttpResponse:
    """Answer `GET /v1/models/{model}`."""
    name = call.params["model"]
    if name not in DIMENSIONS:
        call.model(name)
    return call.reply(_model(name, call))


def embeddings(call: Call) -> HttpResponse:
    """Answer `POST /v1/embeddings`: vectors of length 1, the same for the same text and seed."""
    body = call.body()
    name = body.get("model")
    if not isinstance(name, str):
        raise missing("model") if name is None else wrong_type("model", "a string")
    if name not in DIMENSIONS:
        raise Refused(404, f"The model '{name}' does not exist.", code="model_not_found", param="model")
    inputs = _inputs(body.get("input"))
    size = whole_number(body, "dimensions") or DIMENSIONS[name]
    if size > DIMENSIONS[name]:
        message = f"Invalid value for 'dimensions' = {size}. Must be less than or equal to {DIMENSIONS[name]}."
        raise Refused(400, message, code="invalid_request", param="dimensions")
    as_text = body.get("encoding_format") == "base64"
    data: list[JsonValue] = [
        {"object": "embedding", "index": place, "embedding": _vector(call, str(one), size, as_text=as_text)}
        for place, one in enumerate(inputs)
    ]
    tokens = sum(estimate_tokens(one) if isinstance(one, str) else len(one) for one in inputs)
    usage: Json = {"prompt_tokens": tokens, "total_tokens": tokens}
    return call.reply({"object": "list", "data": data, "model": name, "usage": usage})


def _inputs(given: JsonValue) -> Sequence[str | Sequence[JsonValue]]:
    """Return what vectors are wanted of: texts, or lists of a vocabulary's numbers."""
    if not given:
        raise Refused(400, "'input' must not be empty.", code="invalid_request", param="input")
    several: Sequence[JsonValue] = given if isinstance(given, list) and not _are_numbers(given) else [given]
    inputs = [one for one in several if (isinstance(one, str) or _are_numbers(one)) and one]
    if len(several) > MOST_INPUTS:
        raise Refused(400, f"'input' must have at most {MOST_INPUTS} items.", code="invalid_request", param="input")
    if len(inputs) < len(several):
        raise wrong_type("input", "a text, an array of texts or of tokens, and none of them empty")
    return inputs


def _are_numbers(value: JsonValue) -> TypeGuard[list[JsonValue]]:
    return isinstance(value, list) and all(isinstance(one, int) for one in value)


def _model(name: str, call: Call) -> Json:
    return {"id": name, "object": "model", "created": int(call.now.timestamp()), "owned_by": "system"}


def _vector(call: Call, text: str, size: int, *, as_text: bool) -> JsonValue:
    draws = call.draws("embedding", text)
    raw = [draws.gauss(0, 1) for _ in range(size)]
    length = math.sqrt(sum(value * value for value in raw))
    values: list[JsonValue] = [value / length for value in raw]
    if not as_text:
        return values
    return base64.b64encode(struct.pack(f"<{size}f", *values)).decode()
