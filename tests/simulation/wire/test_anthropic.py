from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import anthropic
import httpx2
import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.wire.anthropic import Anthropic
from aijobs_sdk.simulation.wire.endpoints import Endpoints
from aijobs_sdk.simulation.wire.prompt_cache import Prefix, PromptCache
from aijobs_sdk.simulation.wire.transport import transport_under

# The models of our table are on their way out at their vendor, and its library says so.
pytestmark = pytest.mark.filterwarnings("ignore:The model 'claude-:DeprecationWarning")

T = TypeVar("T")
Client = anthropic.AsyncAnthropic
ASKED: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 2000,
    "messages": [{"role": "user", "content": "Tell me about rivers"}],
}
SAME_JOB = {"x-aijobs-draw-key": "job"}
WEATHER = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
THINKING = {"type": "enabled", "budget_tokens": 1024}
LONG_RULES: Any = {
    "type": "text",
    "text": "Answer as a geographer would. " * 300,
    "cache_control": {"type": "ephemeral"},
}


class City(BaseModel):
    name: str
    population: int


@pytest.fixture
def sim() -> Iterator[Mock]:
    with aijobs.mock(seed=7) as world:
        yield world


def run(sim: Mock, main: Callable[[Client], Awaitable[T]], *, vendor: Anthropic | None = None, **options: Any) -> T:
    async def inside() -> T:
        endpoints = Endpoints([vendor or Anthropic()], sim, ModelTable.load())
        async with httpx2.AsyncClient(transport=transport_under(httpx2, endpoints, sim.clock)) as http:
            return await main(Client(http_client=http, **{"api_key": "key", "max_retries": 0, **options}))

    with asyncio.Runner(loop_factory=sim.new_loop) as runner:
        return runner.run(inside())


def create(sim: Mock, **changes: Any) -> Any:
    return run(sim, lambda client: client.messages.create(**{**ASKED, **changes}))


def stream(sim: Mock, **changes: Any) -> list[Any]:
    async def collect(client: Client) -> list[Any]:
        return [event async for event in await client.messages.create(**{**ASKED, **changes}, stream=True)]

    return run(sim, collect)


def final_message(sim: Mock, **changes: Any) -> Any:
    async def last(client: Client) -> Any:
        async with client.messages.stream(**{**ASKED, **changes}) as events:
            return await events.get_final_message()

    return run(sim, last)


def headers_of(sim: Mock, **changes: Any) -> Any:
    async def ask(client: Client) -> Any:
        return (await client.messages.with_raw_response.create(**{**ASKED, **changes})).headers

    return run(sim, ask)


def test_a_message_says_why_it_ends_and_what_it_took(sim: Mock) -> None:
    message = create(sim)
    assert message.id.startswith("msg_")
    assert (message.model, message.stop_reason) == ("claude-sonnet-4-5-20250929", "end_turn")
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0
    assert (message.usage.cache_read_input_tokens, message.usage.cache_creation_input_tokens) == (0, 0)
    assert message.usage.service_tier == "standard"


def test_a_stream_has_its_events_in_order(sim: Mock) -> None:
    sim.on().do(aijobs.ok("Rivers run."))
    kinds = [event.type for event in stream(sim)]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


def test_a_stream_says_what_the_whole_message_says(sim: Mock) -> None:
    whole = create(sim, extra_headers=SAME_JOB)
    streamed = final_message(sim, extra_headers=SAME_JOB)
    assert streamed.content[0].text == whole.content[0].text
    assert streamed.usage == whole.usage
    assert streamed.stop_reason == "end_turn"


@pytest.mark.parametrize("thinking", [THINKING, {"type": "adaptive"}])
@pytest.mark.parametrize("ask", [create, final_message])
def test_thoughts_come_before_the_text_and_are_signed(
    sim: Mock, ask: Callable[..., Any], thinking: dict[str, Any]
) -> None:
    message = ask(sim, thinking=thinking)
    thought, text = message.content
    assert (thought.type, text.type) == ("thinking", "text")
    assert thought.thinking
    assert thought.signature
    assert 0 < message.usage.output_tokens_details.thinking_tokens < message.usage.output_tokens


def test_hidden_thoughts_leave_only_their_signature(sim: Mock) -> None:
    thought, _ = final_message(sim, thinking={**THINKING, "display": "omitted"}).content
    assert thought.thinking == ""
    assert thought.signature


@pytest.mark.parametrize("ask", [create, final_message])
def test_a_tool_is_called_with_arguments_that_fit(sim: Mock, ask: Callable[..., Any]) -> None:
    message = ask(sim, tools=[WEATHER])
    (call,) = message.content
    assert (call.type, call.name, message.stop_reason) == ("tool_use", "weather", "tool_use")
    assert isinstance(call.input["city"], str)


def test_no_tool_is_called_once_one_has_answered(sim: Mock) -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bonn"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "rain"}
    turns = [*ASKED["messages"], {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    assert create(sim, tools=[WEATHER], messages=turns).stop_reason == "end_turn"


@pytest.mark.parametrize(("choice", "reason"), [("auto", "tool_use"), ("any", "tool_use"), ("none", "end_turn")])
def test_the_caller_says_whether_tools_are_called(sim: Mock, choice: str, reason: str) -> None:
    assert create(sim, tools=[WEATHER], tool_choice={"type": choice}).stop_reason == reason


def test_a_scripted_text_is_said_in_place_of_a_tool_call(sim: Mock) -> None:
    sim.on().do(aijobs.ok("No tool for that."))
    message = create(sim, tools=[WEATHER])
    assert (message.content[0].text, message.stop_reason) == ("No tool for that.", "end_turn")


def test_structured_output_fits_its_model(sim: Mock) -> None:
    parsed = run(sim, lambda client: client.messages.parse(**ASKED, output_format=City))
    assert isinstance(parsed.parsed_output, City)


@pytest.mark.parametrize("ask", [create, final_message])
def test_a_message_that_is_too_long_is_cut(sim: Mock, ask: Callable[..., Any]) -> None:
    sim.on().do(aijobs.ok(tokens=300))
    message = ask(sim, max_tokens=20)
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens <= 20


@pytest.mark.parametrize("ask", [create, final_message])
def test_a_message_ends_before_a_stop_sequence_and_names_it(sim: Mock, ask: Callable[..., Any]) -> None:
    sim.on().do(aijobs.ok("One river, two rivers; three rivers."))
    message = ask(sim, stop_sequences=["three", "; "])
    assert message.content[0].text == "One river, two rivers"
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "; ")


def test_a_marked_prompt_is_written_to_the_cache_and_then_read(sim: Mock) -> None:
    async def ask_twice(client: Client) -> list[Any]:
        return [(await client.messages.create(**ASKED, system=[LONG_RULES])).usage for _ in range(2)]

    first, second = run(sim, ask_twice)
    assert first.cache_creation_input_tokens > 1024
    assert (first.cache_read_input_tokens, second.cache_creation_input_tokens) == (0, 0)
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens
    assert second.input_tokens == first.input_tokens


def test_the_cache_forgets_after_five_minutes_without_use() -> None:
    cache, start = PromptCache(), datetime(2026, 1, 1, tzinfo=UTC)
    prefixes = [Prefix(b"rules", 2000)]
    cache.keep("caller", prefixes, start)
    assert cache.tokens_of("caller", prefixes, start + timedelta(minutes=4)) == 2000
    assert cache.tokens_of("caller", prefixes, start + timedelta(minutes=5)) == 0
    assert cache.tokens_of("another", prefixes, start) == 0


def test_counted_tokens_are_those_that_a_message_takes(sim: Mock) -> None:
    asked = {**ASKED, "system": "Be brief."}
    del asked["max_tokens"]
    counted = run(sim, lambda client: client.messages.count_tokens(**asked))
    assert counted.input_tokens == create(sim, system="Be brief.").usage.input_tokens


def test_pictures_and_tools_are_counted_and_read(sim: Mock) -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    asked: dict[str, Any] = {"messages": [{"role": "user", "content": [picture]}], "tools": [WEATHER]}
    counted = run(sim, lambda client: client.messages.count_tokens(model=ASKED["model"], **asked))
    assert 1610 < counted.input_tokens == create(sim, **asked).usage.input_tokens


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 64_001}, "max_tokens"),
        ({"max_tokens": 1024, "thinking": THINKING}, "max_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 10}}, "thinking.enabled.budget_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "messages.0.role"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages.0"),
        ({"model": ""}, "model"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "nope"}}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": {"type": "required"}}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": {"type": {"name": "get_weather"}}}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": "any"}, "tool_choice"),
        ({"max_tokens": 2000, "thinking": THINKING, "tools": [WEATHER], "tool_choice": {"type": "any"}}, "tool_choice"),
        ({"max_tokens": 2000, "thinking": THINKING, "extra_body": {"temperature": 0.5}}, "temperature"),
        ({"extra_body": {"thread": {"type": "create"}}}, "thread"),
    ],
)
def test_a_request_that_is_wrong_is_refused_by_its_field(sim: Mock, changes: dict[str, Any], field: str) -> None:
    # The client itself says no to long answers that are not streamed, unless it is given a limit of its own.
    with pytest.raises(anthropic.BadRequestError) as caught:
        create(sim, **changes, timeout=60)
    assert caught.value.type == "invalid_request_error"
    assert str(caught.value.api_message).startswith(f"{field}: ")


def test_the_librarys_tool_runner_learns_to_do_without_a_thread(sim: Mock) -> None:
    cities: list[str] = []

    @anthropic.beta_async_tool
    async def weather(city: str) -> str:
        """Tell the weather of a city."""
        cities.append(city)
        return "Sunny."

    last = run(sim, lambda client: client.beta.messages.tool_runner(**ASKED, tools=[weather]).until_done())

    assert (last.stop_reason, len(cities)) == ("end_turn", 1)


def test_an_unknown_model_is_not_found(sim: Mock) -> None:
    with pytest.raises(anthropic.NotFoundError, match="claude-9") as caught:
        create(sim, model="claude-9")
    assert caught.value.type == "not_found_error"


@pytest.mark.parametrize(
    ("fault", "error", "kind"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error"),
        ("auth", anthropic.AuthenticationError, "authentication_error"),
        (402, anthropic.APIStatusError, "billing_error"),
        (403, anthropic.PermissionDeniedError, "permission_error"),
        (404, anthropic.NotFoundError, "not_found_error"),
        (413, anthropic.APIStatusError, "request_too_large"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (503, anthropic.InternalServerError, "api_error"),
        ("overloaded", anthropic.InternalServerError, "overloaded_error"),
        ("content_filter", anthropic.BadRequestError, "invalid_request_error"),
        ("context_too_long", anthropic.BadRequestError, "invalid_request_error"),
    ],
)
@pytest.mark.parametrize("ask", [create, stream])
def test_every_failure_is_the_error_of_its_kind(
    sim: Mock, ask: Callable[..., Any], fault: int | str, error: type[anthropic.APIStatusError], kind: str
) -> None:
    sim.on().do(aijobs.fail(fault))
    with pytest.raises(error) as caught:
        ask(sim)
    body: Any = caught.value.body
    assert caught.value.type == kind
    assert body["request_id"] == caught.value.request_id


@pytest.mark.parametrize("status", [429, 529])
def test_a_busy_provider_says_how_long_to_wait(sim: Mock, status: int) -> None:
    sim.on().do(aijobs.fail(status, retry_after=2.5))
    with pytest.raises(anthropic.APIStatusError) as caught:
        create(sim)
    assert caught.value.response.headers["retry-after"] == "3"


def test_a_spent_limit_does_not_say_when_to_try_again(sim: Mock) -> None:
    sim.on().do(aijobs.fail("quota_exhausted"))
    with pytest.raises(anthropic.RateLimitError, match="enforced_spend_limit_reached") as caught:
        create(sim)
    assert caught.value.error_code == "enforced_spend_limit_reached"
    assert "retry-after" not in caught.value.response.headers


def test_a_client_that_tries_again_waits_as_long_as_it_is_told(sim: Mock) -> None:
    sim.on().do(aijobs.fail(529, retry_after=20) * 3, aijobs.ok("At last."))
    message: Any = run(sim, lambda client: client.messages.create(**ASKED), max_retries=3)
    assert message.content[0].text == "At last."
    assert sim.now >= 60


def test_every_answer_tells_its_request_and_what_is_left_of_the_limits(sim: Mock) -> None:
    sim.limit(requests_per_minute=10, tokens_per_minute=1000)
    headers = headers_of(sim)
    assert headers["request-id"].startswith("req_")
    assert headers["anthropic-organization-id"]
    assert headers["anthropic-ratelimit-requests-limit"] == "10"
    assert headers["anthropic-ratelimit-requests-remaining"] == "9"
    assert datetime.fromisoformat(headers["anthropic-ratelimit-requests-reset"]).tzinfo is not None
    assert headers["anthropic-ratelimit-tokens-limit"] == "1000"
    assert int(headers["anthropic-ratelimit-input-tokens-remaining"]) < 1000


def test_the_reset_of_a_limit_is_an_instant_that_is_never_too_early(sim: Mock) -> None:
    sim.limit(requests_per_minute=10)

    async def wait_told(client: Client) -> timedelta:
        asked_at = sim.clock.now()
        answered = await client.messages.with_raw_response.create(**ASKED)
        return datetime.fromisoformat(answered.headers["anthropic-ratelimit-requests-reset"]) - asked_at

    assert timedelta(seconds=6) <= run(sim, wait_told) < timedelta(seconds=8)


def test_a_call_above_the_limit_is_told_when_to_come_back(sim: Mock) -> None:
    sim.limit(requests_per_minute=1)

    async def ask_twice(client: Client) -> None:
        await client.messages.create(**ASKED)
        await client.messages.create(**ASKED)

    with pytest.raises(anthropic.RateLimitError) as caught:
        run(sim, ask_twice)
    assert int(caught.value.response.headers["retry-after"]) > 50
    assert caught.value.response.headers["anthropic-ratelimit-requests-remaining"] == "0"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset", httpx2.RemoteProtocolError),
        ("malformed_event", json.JSONDecodeError),
        ("error_event", anthropic.APIStatusError),
        ("stall", httpx2.ReadTimeout),
    ],
)
def test_a_stream_can_break_off(sim: Mock, kind: str, error: type[Exception]) -> None:
    sim.on().do(aijobs.fail(kind, after_tokens=10))
    with pytest.raises(error):
        stream(sim, timeout=5)


def test_an_error_inside_a_stream_is_an_overload(sim: Mock) -> None:
    sim.on().do(aijobs.fail("error_event"))
    with pytest.raises(anthropic.APIStatusError) as caught:
        stream(sim)
    assert caught.value.type == "overloaded_error"


def test_a_truncated_stream_just_stops(sim: Mock) -> None:
    sim.on().do(aijobs.fail("truncate", after_tokens=10))
    assert stream(sim)[-1].type == "content_block_delta"


def test_packets_may_end_in_the_middle_of_events(sim: Mock) -> None:
    sim.on().do(aijobs.fail("split_utf8"), aijobs.ok())
    assert final_message(sim, extra_headers=SAME_JOB).content == final_message(sim, extra_headers=SAME_JOB).content


@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k"])
def test_sampling_is_refused_from_the_version_on_that_has_none(sim: Mock, field: str) -> None:
    asked = {"extra_body": {field: 1}}
    with pytest.raises(anthropic.BadRequestError, match=f"{field}: Extra inputs are not permitted"):
        create(sim, extra_headers={"anthropic-version": "2026-10-21"}, **asked)
    assert create(sim, extra_headers={"anthropic-version": "2023-06-01"}, **asked).stop_reason == "end_turn"


def test_a_key_may_come_as_a_bearer(sim: Mock) -> None:
    answered: Any = run(sim, lambda client: client.messages.create(**ASKED), api_key=None, auth_token="token")
    assert answered.content[0].text


def test_without_a_key_nothing_is_answered(sim: Mock) -> None:
    with pytest.raises(anthropic.AuthenticationError, match="x-api-key"):
        create(sim, extra_headers={"x-api-key": ""})


def batch_of(*names: str, **changes: Any) -> list[Any]:
    return [{"custom_id": name, "params": {**ASKED, **changes}} for name in names]


async def results_of(client: Client, requests: list[Any]) -> dict[str, Any]:
    batch = await ended(client, await client.messages.batches.create(requests=requests))
    results = await client.messages.batches.results(batch.id)
    return {one.custom_id: one.result async for one in results}


async def ended(client: Client, batch: Any) -> Any:
    while batch.processing_status != "ended":
        await asyncio.sleep(600)
        batch = await client.messages.batches.retrieve(batch.id)
    return batch


def test_a_batch_ends_when_its_time_has_come(sim: Mock) -> None:
    async def make(client: Client) -> Any:
        made = await client.messages.batches.create(requests=batch_of("one", "two"))
        assert (made.processing_status, made.results_url) == ("in_progress", None)
        assert made.request_counts.processing == 2
        return await ended(client, made)

    batch = run(sim, make)
    assert batch.processing_status == "ended"
    assert batch.request_counts.succeeded == 2
    assert batch.results_url.endswith(f"/v1/messages/batches/{batch.id}/results")


def test_a_batch_uses_nothing_of_the_callers_limits(sim: Mock) -> None:
    sim.limit(requests_per_minute=1)

    async def main(client: Client) -> Any:
        await client.messages.batches.create(requests=batch_of("one", "two", "three"))
        return await client.messages.create(**ASKED)

    assert run(sim, main).stop_reason == "end_turn"


def test_every_request_of_a_batch_has_a_result_of_its_own(sim: Mock) -> None:
    lakes = batch_of("two", messages=[{"role": "user", "content": "Write a haiku about lakes"}])
    results = run(sim, lambda client: results_of(client, [*batch_of("one"), *lakes]))
    one, two = results["one"].message, results["two"].message
    assert one.id != two.id
    assert one.content != two.content
    assert one.usage.service_tier == "batch"
    assert len(sim.calls) == 2


def test_what_fails_in_a_batch_fails_alone(sim: Mock) -> None:
    sim.on(prompt="*filter*").do(aijobs.fail("content_filter"))
    filtered = batch_of("filtered", messages=[{"role": "user", "content": "filter me"}])
    wrong = batch_of("wrong", max_tokens=0)
    results = run(sim, lambda client: results_of(client, [*batch_of("good"), *filtered, *wrong]))
    types = {name: result.type for name, result in results.items()}
    assert types == {"good": "succeeded", "filtered": "errored", "wrong": "errored"}
    assert results["wrong"].error.error.type == "invalid_request_error"
    assert "filtering" in results["filtered"].error.error.message


@pytest.mark.parametrize("requests", [[], batch_of("same", "same"), [{"custom_id": "bare"}], batch_of("row 1")])
def test_a_batch_that_is_wrong_is_refused(sim: Mock, requests: list[Any]) -> None:
    with pytest.raises(anthropic.BadRequestError, match="requests"):
        run(sim, lambda client: client.messages.batches.create(requests=requests))


def test_a_batch_is_known_only_to_the_key_that_made_it(sim: Mock) -> None:
    async def spy(client: Client) -> None:
        batch = await client.messages.batches.create(requests=batch_of("one"))
        await client.with_options(api_key="other").messages.batches.retrieve(batch.id)

    with pytest.raises(anthropic.NotFoundError):
        run(sim, spy)


def test_batches_are_listed_the_newest_first(sim: Mock) -> None:
    async def listed(client: Client) -> tuple[list[str], list[str]]:
        batches = client.messages.batches
        made = [(await batches.create(requests=batch_of(str(number)))).id for number in range(3)]
        return made, [batch.id async for batch in batches.list(limit=2)]

    made, found = run(sim, listed)
    assert found == made[::-1]


def test_a_cancelled_batch_ends_with_what_it_has(sim: Mock) -> None:
    async def cancel(client: Client) -> Any:
        made = await client.messages.batches.create(requests=batch_of("one", "two"))
        asked = await client.messages.batches.cancel(made.id)
        assert asked.processing_status == "canceling"
        return await ended(client, asked)

    batch = run(sim, cancel)
    assert batch.request_counts.canceled == 2
    assert not sim.calls


def test_only_a_batch_that_is_over_is_deleted(sim: Mock) -> None:
    async def delete(client: Client) -> str:
        made = await client.messages.batches.create(requests=batch_of("one"))
        with pytest.raises(anthropic.BadRequestError):
            await client.messages.batches.delete(made.id)
        await ended(client, made)
        return (await client.messages.batches.delete(made.id)).type

    assert run(sim, delete) == "message_batch_deleted"


def test_what_expires_is_told_by_its_batch_after_a_day(sim: Mock) -> None:
    sim.on().do(aijobs.fail("batch_expired"))
    results = run(sim, lambda client: results_of(client, batch_of("one")))
    assert results["one"].type == "expired"
    assert sim.now >= 86_400


def test_the_oldest_batch_is_forgotten_when_a_newer_one_takes_its_place(sim: Mock) -> None:
    async def known_after_two(client: Client) -> list[int]:
        batches = client.messages.batches
        made = [await batches.create(requests=batch_of(name)) for name in ("old", "new")]
        looks = [await asyncio.gather(batches.retrieve(one.id), return_exceptions=True) for one in made]
        return [getattr(found, "status_code", 200) for (found,) in looks]

    assert run(sim, known_after_two, vendor=Anthropic(kept_batches=1)) == [404, 200]
    assert run(sim, known_after_two, vendor=Anthropic(kept_batches=2)) == [200, 200]


def test_the_models_are_those_that_this_vendor_has(sim: Mock) -> None:
    async def listed(client: Client) -> list[str]:
        return [model.id async for model in client.models.list()]

    assert run(sim, listed) == ["claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101"]


def test_a_model_is_found_by_its_name_without_the_date(sim: Mock) -> None:
    model = run(sim, lambda client: client.models.retrieve("claude-sonnet-4-5"))
    assert (model.id, model.display_name) == ("claude-sonnet-4-5-20250929", "Claude Sonnet 4.5")
    assert model.created_at == datetime(2025, 9, 29, tzinfo=UTC)
    assert (model.max_input_tokens, model.max_tokens) == (200_000, 64_000)


def test_a_model_of_another_vendor_is_not_found(sim: Mock) -> None:
    with pytest.raises(anthropic.NotFoundError):
        run(sim, lambda client: client.models.retrieve("gpt-5.2"))


CALLING = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}]}
ANSWERING = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "rain"}]}


@pytest.mark.parametrize(
    ("turns", "place", "problem"),
    [
        ([CALLING], 1, "without `tool_result` blocks immediately after: toolu_1"),
        ([CALLING, {"role": "user", "content": "And?"}], 1, "without `tool_result` blocks"),
        ([ANSWERING], 1, "unexpected `tool_use_id` found in `tool_result` blocks: toolu_1"),
        ([CALLING, ANSWERING, {"role": "assistant", "content": "Rain."}, ANSWERING], 4, "unexpected `tool_use_id`"),
    ],
)
def test_calls_of_tools_and_their_answers_belong_together(
    sim: Mock, turns: list[Any], place: int, problem: str
) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        create(sim, tools=[WEATHER], messages=[*ASKED["messages"], *turns])
    assert str(caught.value.api_message).startswith(f"messages.{place}")
    assert problem in str(caught.value.api_message)


def test_messages_of_one_side_in_a_row_answer_a_call_together(sim: Mock) -> None:
    turns = [*ASKED["messages"], CALLING, {"role": "user", "content": "Here it is."}, ANSWERING]
    assert create(sim, tools=[WEATHER], messages=turns).stop_reason == "end_turn"


def test_a_call_can_only_be_demanded_where_there_are_tools(sim: Mock) -> None:
    with pytest.raises(anthropic.BadRequestError, match="while providing `tools`"):
        create(sim, tool_choice={"type": "any"})


def read_with(sim: Mock, document: dict[str, Any]) -> Any:
    asked = [{"type": "text", "text": "Tell me about rivers"}]
    return create(sim, messages=[{"role": "user", "content": [document, *asked]}])


@pytest.mark.parametrize(
    "source",
    [
        {"type": "text", "media_type": "text/plain", "data": "water " * 1000},
        {"type": "content", "content": [{"type": "text", "text": "water " * 1000}]},
        {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
    ],
)
def test_a_document_is_read_and_counted_but_is_not_the_question(sim: Mock, source: dict[str, Any]) -> None:
    message = read_with(sim, {"type": "document", "source": source})
    assert message.usage.input_tokens > 800
    assert message.content[0].text.startswith("# Rivers")


def test_a_document_can_be_cached(sim: Mock) -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "water " * 2000}
    document = {"type": "document", "source": source, "cache_control": {"type": "ephemeral"}}
    assert read_with(sim, document).usage.cache_creation_input_tokens > 1024
