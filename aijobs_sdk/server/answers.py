"""Answers with a body: written once, by what they are, and described to the OpenAPI document by the same word."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from aijobs_sdk.contract.problem import MEDIA_TYPE


def answer(fact: BaseModel, status: int = 200) -> Response:
    """Return a fact as JSON."""
    return Response(fact.__pydantic_serializer__.to_json(fact), status_code=status, media_type="application/json")


def answers_with(model: type[BaseModel], *refusals: int, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Describe a route that answers with a model, or refuses with one of these statuses."""
    return {status: {"model": model}, **refuses_with(*refusals)}


def refuses_with(*refusals: int) -> dict[int | str, dict[str, Any]]:
    """Describe the statuses with which a route refuses, beside those that every route of a key's has."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": _REFUSALS[status], "content": content} for status in sorted({*_EVERYWHERE, *refusals})
    }


def takes(*models: type[BaseModel]) -> dict[str, Any]:
    """Describe the body that a route reads by itself, in one of these forms."""
    forms = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in models]
    schema = forms[0] if len(forms) == 1 else {"anyOf": forms}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


BODY = (408, 413, 415)
"""How a body is refused that is never looked into."""

_EVERYWHERE = (401, 403, 422, 429, 503)
_REFUSALS = {
    401: "No key was shown, or none that is known.",
    403: "The key is not for this.",
    404: "There is none, or it is another tenant's.",
    408: "The body did not come in time.",
    409: "Something else is in the way: an earlier use of the idempotency key, or whoever holds the batch.",
    413: "It is more than one request may hold.",
    415: "The body is not JSON.",
    422: "Something in the request cannot be used.",
    429: "It is too much for now.",
    503: "The place where jobs are kept cannot be reached.",
}
