"""OpenAI's image generation: real pictures, drawn from the prompt and the seed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TypeVar, get_args

from pydantic import JsonValue

from aijobs_sdk.providers.pictures import Quality, Size, picture_figures
from aijobs_sdk.simulation.faults import FaultKind, named_fault
from aijobs_sdk.simulation.wire.asked import Asked
from aijobs_sdk.simulation.wire.calls import Call, Failed, Refused
from aijobs_sdk.simulation.wire.exchange import HttpResponse, Json
from aijobs_sdk.simulation.wire.openai_reading import Body, unsupported, whole_number

T = TypeVar("T")
USUAL_MODEL = "gpt-image-2"
SIZES: Sequence[Size] = get_args(Size)
QUALITIES: Sequence[Quality] = get_args(Quality)
MOST = 10


def images(call: Call) -> HttpResponse:
    """Answer `POST /v1/images/generations`."""
    body = call.body()
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refused(400, "Missing required parameter: 'prompt'.", code="missing_required_parameter", param="prompt")
    size = _one_of(SIZES, body, "size", usual="1024x1024")
    quality = _one_of(QUALITIES, body, "quality", usual="medium")
    many = whole_number(body, "n") or 1
    if many > MOST:
        raise Refused(400, f"Invalid 'n': expected at most {MOST}.", code="integer_above_max_value", param="n")
    asked = Asked(model_id=str(body.get("model", USUAL_MODEL)), prompt=prompt)
    if call.model(asked.model_id).kind != "image":
        raise unsupported(asked.model_id, [one.name for one in call.table if one.kind == "image"], "model")
    answer = call.generate(asked)
    if answer.finish == "refusal":  # a model that draws says nothing: what declines is the filter before it
        raise Failed(named_fault(FaultKind.CONTENT_FILTER), answer.ends_at_seconds)
    from aijobs_sdk.simulation.picture import draw_picture  # noqa: PLC0415 - Pillow is an extra

    width, height = map(int, size.split("x"))
    data: list[JsonValue] = [
        {"b64_json": base64.b64encode(draw_picture(prompt, call.draws("image", place), width, height)).decode()}
        for place in range(many)
    ]
    head: Json = {"created": answer.created, "background": "opaque", "data": data, "output_format": "png"}
    tokens = picture_figures(call.model(asked.model_id).name).output_tokens[quality][size]
    usage = _usage(answer.input_tokens, tokens * many)
    return call.whole(answer, {**head, "quality": quality, "size": size, "usage": usage})


def _one_of(known: Sequence[T], body: Body, name: str, *, usual: T) -> T:
    """Return what the field asks for, and what is usual where it leaves that to OpenAI.

    Raises:
        Refused: it asks for something else.
    """
    asked = body.get(name)
    if asked is None or asked == "auto":
        return usual
    if asked not in known:
        raise unsupported(asked, map(str, known), name)
    return known[known.index(asked)]


def _usage(input_tokens: int, output_tokens: int) -> Json:
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": input_tokens},
        "output_tokens": output_tokens,
        "output_tokens_details": {"image_tokens": output_tokens, "text_tokens": 0},
        "total_tokens": input_tokens + output_tokens,
    }
