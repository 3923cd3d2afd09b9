"""OpenAI's lists of models, and its embeddings."""

from __future__ import annotations

import base64
import math
import struct

from pydantic import JsonValue

from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.exchange import HttpResponse, Json
from aijobs_sdk.simulation.wire.openai_reading import whole_number

DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}


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
    name, given = body.get("model"), body.get("input")
    if name not in DIMENSIONS:
        raise Refused(404, f"The model '{name}' does not exist.", code="model_not_found", param="model")
    texts = given if isinstance(given, list) else [given]
    if not texts or any(text in {None, ""} for text in texts if not isinstance(text, list)):
        raise Refused(400, "'input' must not be empty.", code="invalid_request", param="input")
    size = whole_number(body, "dimensions") or DIMENSIONS[str(name)]
    as_text = body.get("encoding_format") == "base64"
    data: list[JsonValue] = [
        {"object": "embedding", "index": place, "embedding": _vector(call, str(text), size, as_text=as_text)}
        for place, text in enumerate(texts)
    ]
    tokens = sum(estimate_tokens(str(text)) for text in texts)
    usage: Json = {"prompt_tokens": tokens, "total_tokens": tokens}
    return call.reply({"object": "list", "data": data, "model": name, "usage": usage})


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
