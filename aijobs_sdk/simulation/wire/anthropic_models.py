"""Anthropic's list of models."""

from __future__ import annotations

import re

from pydantic import JsonValue

from aijobs_sdk.providers.model import Model
from aijobs_sdk.simulation.wire.calls import Call
from aijobs_sdk.simulation.wire.exchange import HttpResponse, Json


def models(call: Call) -> HttpResponse:
    """Answer `GET /v1/models`."""
    here = [model for model in call.table if any(way.provider == "anthropic" for way in model.routes)]
    ids = [id_of(model) for model in here]
    data: list[JsonValue] = [_facts_of(model) for model in here]
    first, last = (ids[0], ids[-1]) if ids else (None, None)
    return call.reply({"data": data, "has_more": False, "first_id": first, "last_id": last})


def model(call: Call) -> HttpResponse:
    """Answer `GET /v1/models/{id}`."""
    return call.reply(_facts_of(call.model(call.params["id"])))


def id_of(model: Model) -> str:
    """Return this vendor's own name for the model, or ours where it is only to be had elsewhere."""
    return next((way.model_id for way in model.routes if way.provider == "anthropic"), model.name)


def _facts_of(model: Model) -> Json:
    model_id = id_of(model)
    day = re.search(r"-(\d{4})(\d{2})(\d{2})$", model_id)
    return {
        "type": "model",
        "id": model_id,
        "display_name": model.name.replace("-", " ").title(),
        "created_at": f"{'-'.join(day.groups()) if day else '1970-01-01'}T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": model.context_window,
        "max_tokens": model.max_output_tokens,
    }
