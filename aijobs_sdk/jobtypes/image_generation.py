"""`image_generation`: a prompt becomes pictures, with their files, their records and their usage row."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from pydantic import Field

from aijobs_sdk.contract.errors import InvalidRequestError, ProviderError
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.months import month_of
from aijobs_sdk.contract.provider import ImageRequest, Picture
from aijobs_sdk.contract.records import Credits, Effects, Image, UsageRow
from aijobs_sdk.contract.results import GeneratedImage, ImageResult
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.ids import new_id
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.jobtypes.artifacts import Artifacts
from aijobs_sdk.jobtypes.generation.checks import refused
from aijobs_sdk.jobtypes.generation.payload import Prompt
from aijobs_sdk.jobtypes.latency import latency_text
from aijobs_sdk.jobtypes.pixels import Pixels, read_pixels
from aijobs_sdk.providers.model import Model
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.pictures import Quality, Size, picture_figures
from aijobs_sdk.providers.tokens import estimate_tokens

log = logging.getLogger("aijobs.images")
MOST_AT_ONCE = 2
"""Pictures of one job that are drawn at the same time: image models allow few requests a minute."""
ASKING, KEEPING = 5, 90
"""Percent of a job at which its pictures are asked for, and at which all are there."""


class ImagePayload(Fact):
    """What pictures are made from."""

    prompt: Prompt
    model: str | None = None
    """A name from the table of models, `aijobs models`; its first that draws where it is None."""
    size: Size = "1024x1024"
    quality: Quality = "medium"
    n: int = Field(default=1, ge=1, le=4)
    """How many pictures; each is a call of its own."""
    user_id: UUID | None = None
    """Whose pictures they are; the job's user where it is None."""
    estimated_credits: Credits | None = None
    """What the user was quoted for all of them, and is billed; from the price list where it is None."""


class _Drawn(NamedTuple):
    number: int
    """From 1."""
    picture: Picture
    pixels: Pixels
    is_reused: bool = False
    """An earlier attempt drew it."""


def image_generation(models: ModelTable, artifacts: Artifacts) -> JobType[ImagePayload]:
    """Return the job type, which knows these models and keeps its pictures there."""

    async def run(context: JobContext, payload: ImagePayload) -> ImageResult:
        model = _asked(payload, models, context.can_ask)
        await context.progress(0, "Starting")
        await artifacts.check()  # before anybody is paid for a picture that cannot be kept
        await context.progress(ASKING, "Processing")
        drawn = await _draw_all(context, payload, model, artifacts)
        result = _result(context, payload, model, drawn, models=models, artifacts=artifacts)
        context.effects = _effects(context, payload, result, reused=sum(one.is_reused for one in drawn))
        return result

    async def estimate(payload: ImagePayload) -> Estimate:
        return _estimate(payload, _asked(payload, models), models)

    def prepare(payload: ImagePayload) -> ImagePayload:
        model = _asked(payload, models)
        _check_fit(payload, model)
        quoted = _estimate(payload, model, models).credits
        return payload.replace(model=model.name, estimated_credits=quoted)

    return JobType(name="image_generation", payload_model=ImagePayload, run=run, prepare=prepare, estimate=estimate)


def _asked(payload: ImagePayload, models: ModelTable, can_ask: Callable[[str], bool] | None = None) -> Model:
    """Return the model, by the first of its routes that is set up here."""
    model = _first_that_draws(models) if payload.model is None else models.get(payload.model)
    return model if can_ask is None else model.via_first(can_ask)


def _first_that_draws(models: ModelTable) -> Model:
    found = next((model for model in models if model.kind == "image"), None)
    if found is None:
        raise refused("model", "is left out, and no model of the table draws: add one, `Client(models=[…])`")
    return found


def _check_fit(payload: ImagePayload, model: Model) -> None:
    if model.kind != "image":
        raise _makes_texts(model)
    longest = picture_figures(model.name).longest_prompt_chars
    if len(payload.prompt) > longest:
        problem = f"has {len(payload.prompt):,} characters, and {model.name} reads at most {longest:,}: shorten it"
        raise refused("prompt", problem, code="context_too_long")


def _makes_texts(model: Model) -> InvalidRequestError:
    return refused("model", f"is {model.name!r}, which makes {model.kind}s; `aijobs models` lists those for images")


def _estimate(payload: ImagePayload, model: Model, models: ModelTable) -> Estimate:
    """Return what all pictures are expected to cost: how long they are in tokens is known before."""
    read = estimate_tokens(payload.prompt) * payload.n
    written = picture_figures(model.name).output_tokens[payload.quality][payload.size] * payload.n
    metered = models.credits(model, read, written)
    return Estimate(
        model=model.name,
        provider=model.provider,
        input_tokens=read,
        token_method="estimate:o200k_base",  # noqa: S106 - no secret
        output_tokens=written,
        most_output_tokens=written,
        credits=metered if payload.estimated_credits is None else payload.estimated_credits,
        most_credits=metered,
    )


async def _draw_all(context: JobContext, payload: ImagePayload, model: Model, artifacts: Artifacts) -> list[_Drawn]:
    """Return all pictures in order. Each is kept before another is asked for; one that is refused ends the others.

    One that may be had in another attempt does not: those under way are paid for, and are kept for that.
    """
    turns = asyncio.Semaphore(MOST_AT_ONCE)
    drawn: list[_Drawn] = []
    failed: list[ProviderError] = []

    async def draw(number: int) -> None:
        async with turns:
            if failed:
                return
            try:
                reused = await _reused(context, payload, model, number, artifacts)
                drawn.append(reused or await _draw(context, payload, model, number, artifacts))
            except ProviderError as error:
                if not error.retryable:
                    raise
                failed.append(error)
                return
        stage = "Processing" if len(drawn) < payload.n else "Rendering"
        await context.progress(ASKING + (KEEPING - ASKING) * len(drawn) // payload.n, stage)

    async with asyncio.TaskGroup() as group:
        for number in range(1, payload.n + 1):
            group.create_task(draw(number))
    if failed:
        raise failed[0]
    return sorted(drawn, key=lambda one: one.number)


async def _draw(context: JobContext, payload: ImagePayload, model: Model, number: int, artifacts: Artifacts) -> _Drawn:
    picture = await context.draw(
        model.provider,
        _request(context, payload, model, number),
        timeout_seconds=model.timeout_seconds,
        region=model.route.region,
    )
    pixels = await asyncio.to_thread(read_pixels, picture.data, provider=model.provider)
    await artifacts.save(_name(context, number, pixels.ending), picture.data)
    _note_another_size(payload, model, number, pixels)
    return _Drawn(number, picture, pixels)


def _note_another_size(payload: ImagePayload, model: Model, number: int, pixels: Pixels) -> None:
    """Tell the log of a picture that is not as it was asked for: it is paid for, and kept as it is."""
    drawn = f"{pixels.width}x{pixels.height}"
    if drawn != payload.size:
        log.warning(
            "picture %d is %s, and %s was asked of %s: the result says what it is",
            number,
            drawn,
            payload.size,
            model.name,
        )


async def _reused(
    context: JobContext, payload: ImagePayload, model: Model, number: int, artifacts: Artifacts
) -> _Drawn | None:
    """Return the picture that an earlier attempt drew and kept, whole, so that it is not paid twice."""
    if context.claims == 1:
        return None
    data = await artifacts.load(_name(context, number, "png"))  # what providers are asked for; another is drawn again
    if data is None:
        return None
    try:
        pixels = await asyncio.to_thread(read_pixels, data, provider=model.provider)
    except ProviderError:
        return None
    # Its tokens were told to an attempt that is gone: these are what was quoted.
    picture = Picture(
        data=data,
        media_type=pixels.media_type,
        input_tokens=estimate_tokens(payload.prompt),
        output_tokens=picture_figures(model.name).output_tokens[payload.quality][payload.size],
    )
    return _Drawn(number, picture, pixels, is_reused=True)


def _name(context: JobContext, number: int, ending: str) -> str:
    # Nothing of the attempt is in it, so that the next one finds, or writes over, what this one leaves behind.
    return f"{context.job.tenant_id}/{context.job.id}/{number}.{ending}"


def _request(context: JobContext, payload: ImagePayload, model: Model, number: int) -> ImageRequest:
    return ImageRequest(
        model=model.name,
        model_id=model.route.model_id,
        region=model.route.region,
        endpoint=model.route.endpoint,
        prompt=payload.prompt,
        size=payload.size,
        quality=payload.quality,
        tenant_id=context.job.tenant_id,
        job_id=context.job.id,
        attempt=context.attempt,
        idempotency_token=context.idempotency_token(f"draw/{number}"),
        draw_key=f"{context.draw_key}/{number}",
    )


def _result(
    context: JobContext,
    payload: ImagePayload,
    model: Model,
    drawn: Sequence[_Drawn],
    *,
    models: ModelTable,
    artifacts: Artifacts,
) -> ImageResult:
    read = sum(one.picture.input_tokens for one in drawn)
    written = sum(one.picture.output_tokens for one in drawn)
    metered = models.credits(model, read, written)
    return ImageResult(
        images=tuple(
            GeneratedImage(
                id=new_id(),
                url=artifacts.url_of(_name(context, one.number, one.pixels.ending)),
                media_type=one.pixels.media_type,
                width=one.pixels.width,
                height=one.pixels.height,
            )
            for one in drawn
        ),
        input_tokens=read,
        output_tokens=written,
        model=model.name,
        served_model=next((one.picture.served_model for one in drawn if not one.is_reused), None),
        provider=model.provider,
        credits_used=metered if payload.estimated_credits is None else payload.estimated_credits,
        metered_credits=metered,
    )


def _effects(context: JobContext, payload: ImagePayload, result: ImageResult, *, reused: int) -> Effects:
    job, now = context.job, context.clock.now()
    owner = payload.user_id or job.user_id
    return Effects(
        images=tuple(
            Image(
                id=image.id,
                tenant_id=job.tenant_id,
                user_id=owner,
                job_id=job.id,
                url=image.url,
                media_type=image.media_type,
                width=image.width,
                height=image.height,
                created_at=now,
            )
            for image in result.images
        ),
        usage=(
            UsageRow(
                id=new_id(),
                tenant_id=job.tenant_id,
                user_id=owner,
                query_type="image_generation",
                model=result.model,
                provider=result.provider,
                input_tokens=result.input_tokens,
                output_tokens=result.output_tokens,
                credits_used=result.credits_used,
                metadata={
                    "job_id": str(job.id),
                    "image_ids": [str(image.id) for image in result.images],
                    "size": payload.size,
                    "quality": payload.quality,
                    "n": payload.n,
                    "metered_credits": format(result.metered_credits, "f"),
                    "attempts": context.attempt,
                    "reused": reused,
                    "latency_seconds": latency_text(context.began_at, now),
                },
                month_year=month_of(now),
                created_at=now,
            ),
        ),
    )
