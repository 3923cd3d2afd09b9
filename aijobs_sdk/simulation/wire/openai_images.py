"""OpenAI's image generation: real pictures, drawn from the prompt and the seed."""

from __future__ import annotations

import base64

from pydantic import JsonValue

from aijobs_sdk.simulation.wire.asked import Asked
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.exchange import HttpResponse, Json
from aijobs_sdk.simulation.wire.openai_reading import whole_number

SIZES = {"1024x1024": (1024, 1024), "1024x1536": (1024, 1536), "1536x1024": (1536, 1024)}
USUAL_SIZE = "1024x1024"
TOKENS = {"low": 272, "medium": 1056, "high": 4160}
"""Output tokens of a square picture, as OpenAI's guide to image generation lists them."""
MOST = 10


def images(call: Call) -> HttpResponse:
    """Answer `POST /v1/images/generations`."""
    body = call.body()
    prompt, size = body.get("prompt"), body.get("size")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refused(400, "Missing required parameter: 'prompt'.", code="missing_required_parameter", param="prompt")
    size = USUAL_SIZE if size in {None, "auto"} else size
    if size not in SIZES:
        raise Refused(
            400, f"Invalid value: '{size}'. Supported: {', '.join(SIZES)}.", code="invalid_value", param="size"
        )
    many = whole_number(body, "n") or 1
    if many > MOST:
        raise Refused(400, f"Invalid 'n': expected at most {MOST}.", code="integer_above_max_value", param="n")
    quality = body.get("quality") if body.get("quality") in TOKENS else "medium"
    answer = call.generate(Asked(model_id=str(body.get("model", "gpt-image-1")), prompt=prompt))
    from aijobs_sdk.simulation.picture import draw_picture  # noqa: PLC0415 - Pillow is an extra

    width, height = SIZES[str(size)]
    data: list[JsonValue] = [
        {"b64_json": base64.b64encode(draw_picture(prompt, call.draws("image", place), width, height)).decode()}
        for place in range(many)
    ]
    head: Json = {"created": answer.created, "background": "opaque", "data": data, "output_format": "png"}
    usage = _usage(answer.input_tokens, TOKENS[str(quality)] * many)
    return call.whole(answer, {**head, "quality": quality, "size": size, "usage": usage})


def _usage(input_tokens: int, output_tokens: int) -> Json:
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": input_tokens},
        "output_tokens": output_tokens,
        "output_tokens_details": {"image_tokens": output_tokens, "text_tokens": 0},
        "total_tokens": input_tokens + output_tokens,
    }
