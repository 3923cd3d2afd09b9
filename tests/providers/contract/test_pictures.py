"""Pictures as the engine asks for them: by OpenAI's own library over simulated bytes, and without a wire."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from contextlib import suppress
from uuid import UUID

import httpx2
import pytest
from PIL import Image

import aijobs_sdk as aijobs
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import ImageRequest, Picture, Provider
from aijobs_sdk.engine.limits import BreakerLimits
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.engine.provider_call import call_for_picture
from aijobs_sdk.engine.provider_guard import ProviderGuard
from aijobs_sdk.providers.credentials import Credentials
from aijobs_sdk.providers.network import Network
from aijobs_sdk.providers.registry import open_providers
from aijobs_sdk.simulation.faults import FaultKind, named_fault, status_fault
from aijobs_sdk.simulation.provider import SimulatedProvider
from aijobs_sdk.simulation.script import Step
from providers.contract.stage import Stage

PROMPT = "a red fox"
SIZES = ["1024x1024", "1024x1536", "1536x1024"]
STATUSES = [400, 401, 402, 403, 408, 413, 429, 500, 502, 503, 529]
BREAKING_OFF = [FaultKind.RESET, FaultKind.TRUNCATE, FaultKind.ERROR_EVENT, FaultKind.MALFORMED_EVENT]
OTHERS = sorted(set(FaultKind) - {*BREAKING_OFF, FaultKind.REFUSAL})


class Easel(Stage):
    """The provider that draws, in a world of its own."""

    def __init__(self, fidelity: str) -> None:
        super().__init__("openai")
        self.metrics = aijobs.InMemoryMetrics()
        self.guard = ProviderGuard(self.sim.clock, BreakerLimits(), Meter(self.metrics))
        if fidelity == "direct":
            self.adapter = SimulatedProvider("openai", self.sim, self.sim.clock)

    def draw(self, **changes: object) -> Picture:
        return self.run(lambda: self.drawn(a_picture(**changes)))

    async def drawn(self, request: ImageRequest) -> Picture:
        return await call_for_picture(self.adapter, request, timeout_seconds=30, guard=self.guard)

    def error_of(self, step: Step) -> ProviderError:
        self.sim.on().do(step)
        with pytest.raises(ProviderError) as raised:
            self.draw()
        return raised.value


@pytest.fixture(params=["direct", "wire"])
def easel(request: pytest.FixtureRequest) -> Easel:
    return Easel(request.param)


def a_picture(**changes: object) -> ImageRequest:
    asked = {
        "model": "gpt-image-2",
        "model_id": "gpt-image-2",
        "endpoint": "https://eu.api.openai.com/v1",
        "prompt": PROMPT,
        "size": "1024x1024",
        "quality": "medium",
        "tenant_id": UUID(int=1),
        "job_id": UUID(int=2),
        "attempt": 1,
        "idempotency_token": "step",
        "draw_key": "job",
    }
    return ImageRequest.model_validate(asked | changes)


def openai_that_answers(answer: httpx2.Response, seen: list[httpx2.Request]) -> Provider:
    def respond(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return answer

    network = Network(open_transport=lambda: httpx2.MockTransport(respond))
    return open_providers(Credentials.made_up(), network).ready["openai"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("quality", ["low", "high"])
@pytest.mark.parametrize("model", ["gpt-image-2", "gpt-image-1.5"])
def test_a_picture_and_its_tokens_are_the_same_with_and_without_a_wire(model: str, quality: str, size: str) -> None:
    asked = {"model": model, "model_id": model, "quality": quality, "size": size}
    assert Easel("wire").draw(**asked) == Easel("direct").draw(**asked)


@pytest.mark.parametrize("change", [{"prompt": "a red cat"}, {"draw_key": "another job"}])
def test_another_prompt_or_job_gets_another_picture(easel: Easel, change: dict[str, str]) -> None:
    assert Easel("direct").draw(**change).data != easel.draw().data


def test_another_attempt_gets_the_same_picture(easel: Easel) -> None:
    assert Easel("direct").draw(attempt=2).data == easel.draw().data


def test_a_picture_has_its_size_and_tells_what_it_took(easel: Easel) -> None:
    picture = easel.draw(quality="high")

    assert Image.open(io.BytesIO(picture.data)).size == (1024, 1024)
    assert (picture.media_type, picture.input_tokens, picture.output_tokens) == ("image/png", 3, 7024)
    assert picture.served_model == "gpt-image-2"


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_means_what_it_means_for_texts(easel: Easel, status: int) -> None:
    error, expected = easel.error_of(aijobs.fail(status)), status_fault(status)

    assert (error.code, error.category, error.retryable) == (expected.code, expected.category, expected.retryable)
    assert error.provider == "openai"


@pytest.mark.parametrize("kind", OTHERS)
def test_a_fault_has_its_documented_code(easel: Easel, kind: FaultKind) -> None:
    error, expected = easel.error_of(aijobs.fail(kind)), named_fault(kind)

    assert (error.code, error.category, error.retryable) == (expected.code, expected.category, expected.retryable)


@pytest.mark.parametrize("kind", BREAKING_OFF)
def test_a_body_that_breaks_off_is_a_broken_connection(easel: Easel, kind: FaultKind) -> None:
    error = easel.error_of(aijobs.fail(kind))

    assert (error.code, error.retryable) == ("connection_reset", True)


def test_who_declines_to_draw_is_the_filter(easel: Easel) -> None:
    error = easel.error_of(aijobs.fail("refusal"))

    assert (error.code, error.category, error.retryable) == ("content_filtered", "content_filter", False)


def test_the_wait_that_is_asked_for_is_told(easel: Easel) -> None:
    assert easel.error_of(aijobs.fail(429, retry_after=20)).retry_after_seconds == 20


def test_a_picture_that_does_not_come_is_given_up_at_the_limit(easel: Easel) -> None:
    assert easel.error_of(aijobs.fail("timeout")).code == "provider_timeout"
    assert 30 <= easel.sim.now < 31


def test_a_fault_counts_against_the_provider(easel: Easel) -> None:
    easel.error_of(aijobs.fail(503))

    assert [health.failures for health in easel.guard.health()] == [1]


def test_calls_for_pictures_are_counted_by_their_outcome(easel: Easel) -> None:
    easel.draw()
    easel.error_of(aijobs.fail(429))

    outcomes = ["ok", "rate_limit", "abandoned"]
    assert [easel.metrics.value("aijobs_provider_calls", outcome=one) for one in outcomes] == [1, 1, 0]


def test_no_error_tells_a_prompt_or_a_key(easel: Easel) -> None:
    error = easel.error_of(aijobs.fail(401))

    assert PROMPT not in str(error)
    assert "made-up" not in str(error)


def test_a_limit_of_requests_holds_for_pictures(easel: Easel) -> None:
    easel.sim.limit(requests_per_minute=1)
    easel.draw()

    with pytest.raises(ProviderError, match="rate limit"):
        easel.draw()


def test_a_call_that_is_cancelled_is_closed(easel: Easel) -> None:
    easel.sim.on().do(aijobs.fail("timeout"))

    async def leave() -> None:
        task = asyncio.create_task(easel.drawn(a_picture()))
        await asyncio.sleep(2)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    easel.run(leave)
    assert [call.read_to_end for call in easel.sim.calls] == [False]


def test_a_call_that_is_waited_for_is_read_to_its_end(easel: Easel) -> None:
    easel.draw()

    assert [call.read_to_end for call in easel.sim.calls] == [True]


def test_the_request_is_what_the_reference_asks_for() -> None:
    seen: list[httpx2.Request] = []
    data = base64.b64encode(b"drawn").decode()
    answer = httpx2.Response(200, json={"created": 1, "data": [{"b64_json": data}], "output_format": "webp"})
    easel = Easel("wire")
    easel.adapter = openai_that_answers(answer, seen)

    picture = easel.draw()

    [sent] = seen
    assert (picture.data, picture.media_type, picture.output_tokens) == (b"drawn", "image/webp", 0)
    assert str(sent.url) == "https://eu.api.openai.com/v1/images/generations"
    assert sent.headers["idempotency-key"] == "step"
    assert json.loads(sent.content) == {
        "model": "gpt-image-2",
        "prompt": PROMPT,
        "size": "1024x1024",
        "quality": "medium",
        "n": 1,
        "output_format": "png",
    }


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"data": [{"b64_json": "%"}]}', '{"data": [{"url": "x"}]}'])
def test_a_body_without_a_picture_is_an_error_that_may_pass(body: str) -> None:
    easel = Easel("wire")
    easel.adapter = openai_that_answers(httpx2.Response(200, content=body), [])

    with pytest.raises(ProviderError) as raised:
        easel.draw()

    assert (raised.value.code, raised.value.retryable) == ("invalid_response", True)


@pytest.mark.parametrize("count", [10**30, -1, "many"])
def test_a_picture_whose_tokens_cannot_be_is_an_error_that_may_pass(count: object) -> None:
    usage = {"input_tokens": count, "output_tokens": 1}
    drawn = {"data": [{"b64_json": base64.b64encode(b"drawn").decode()}], "usage": usage}
    easel = Easel("wire")
    easel.adapter = openai_that_answers(httpx2.Response(200, json=drawn), [])

    with pytest.raises(ProviderError) as raised:
        easel.draw()

    assert (raised.value.code, raised.value.retryable) == ("invalid_response", True)
