"""OpenAI's files and batches, as its own library sees them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import openai
import pytest

import aijobs_sdk as aijobs
from simulation.wire.vendors_in_process import Stage, a_stage

RESPONSES: Final = "/v1/responses"
CHAT: Final = "/v1/chat/completions"


@pytest.fixture
def stage() -> Stage:
    return a_stage()


def client(stage: Stage, **options: Any) -> openai.AsyncOpenAI:
    given: dict[str, Any] = {"api_key": "sk-any", "max_retries": 0, "_strict_response_validation": True}
    return openai.AsyncOpenAI(http_client=stage.http(), **given | options)


def line(custom_id: str, about: str = "rivers", *, url: str = RESPONSES, **changes: Any) -> str:
    asked = {"input": about} if url == RESPONSES else {"messages": [{"role": "user", "content": about}]}
    body = {"model": "gpt-5.2", **asked, **changes}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": body})


async def create(api: openai.AsyncOpenAI, *lines: str, endpoint: Any = RESPONSES) -> Any:
    file = await api.files.create(file=("rows.jsonl", "\n".join(lines).encode()), purpose="batch")
    return await api.batches.create(
        input_file_id=file.id, endpoint=endpoint, completion_window="24h", metadata={"name": "mine"}
    )


async def over(api: openai.AsyncOpenAI, batch: Any) -> Any:
    while batch.status in {"validating", "in_progress", "finalizing", "cancelling"}:
        await asyncio.sleep(600)
        batch = await api.batches.retrieve(batch.id)
    return batch


async def read(api: openai.AsyncOpenAI, file_id: str | None) -> Mapping[str, Any]:
    if file_id is None:
        return {}
    rows = [json.loads(row) for row in (await api.files.content(file_id)).text.splitlines()]
    return {row["custom_id"]: row for row in rows}


def played(stage: Stage, *lines: str, endpoint: str = RESPONSES) -> tuple[Any, Mapping[str, Any], Mapping[str, Any]]:
    """Return the batch that these lines became, its answers and its errors."""

    async def play() -> tuple[Any, Mapping[str, Any], Mapping[str, Any]]:
        api = client(stage)
        batch = await over(api, await create(api, *lines, endpoint=endpoint))
        return batch, await read(api, batch.output_file_id), await read(api, batch.error_file_id)

    return stage.run(play)


def test_a_file_is_kept_as_it_was_uploaded(stage: Stage) -> None:
    async def upload() -> tuple[Any, bytes]:
        api = client(stage)
        file = await api.files.create(file=("rows.jsonl", b"a\r\n--b\r\n\xff"), purpose="batch")
        return await api.files.retrieve(file.id), (await api.files.content(file.id)).content

    file, content = stage.run(upload)
    assert (file.filename, file.purpose, file.bytes) == ("rows.jsonl", "batch", 9)
    assert content == b"a\r\n--b\r\n\xff"


def test_a_file_is_for_a_purpose_that_there_is(stage: Stage) -> None:
    create: Any = client(stage).files.create
    with pytest.raises(openai.BadRequestError, match="is not one of") as caught:
        stage.run(lambda: create(file=("rows.jsonl", b"{}"), purpose="batches"))
    assert caught.value.param == "purpose"


def test_a_file_that_was_deleted_is_gone(stage: Stage) -> None:
    async def delete() -> None:
        api = client(stage)
        file = await api.files.create(file=("rows.jsonl", b"{}"), purpose="batch")
        assert (await api.files.delete(file.id)).deleted
        await api.files.retrieve(file.id)

    with pytest.raises(openai.NotFoundError):
        stage.run(delete)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["c", "b", "a"]),
        ({"order": "asc"}, ["a", "b", "c"]),
        ({"purpose": "batch"}, ["c", "a"]),
        ({"purpose": "batch_output"}, []),
        ({"purpose": "batch", "order": "asc", "limit": 1}, ["a", "c"]),
    ],
)
def test_files_are_listed_by_purpose_and_in_the_order_that_is_asked(
    stage: Stage, query: dict[str, Any], names: list[str]
) -> None:
    async def upload_and_list() -> list[str]:
        api = client(stage)
        await api.files.create(file=("a", b"{}"), purpose="batch")
        await api.files.create(file=("b", b"{}"), purpose="user_data")
        await api.files.create(file=("c", b"{}"), purpose="batch")
        return [file.filename async for file in await api.files.list(**query)]

    assert stage.run(upload_and_list) == names


def test_files_and_batches_are_known_only_to_the_key_that_made_them(stage: Stage) -> None:
    async def spy() -> list[int]:
        api = client(stage)
        batch = await create(api, line("one"))
        other = client(stage, api_key="sk-other")
        looks = [other.batches.retrieve(batch.id), other.files.retrieve(batch.input_file_id)]
        return [getattr(one, "status_code", 200) for one in await asyncio.gather(*looks, return_exceptions=True)]

    assert stage.run(spy) == [404, 404]


def test_a_batch_comes_to_what_single_calls_are_answered(stage: Stage) -> None:
    batch, answers, errors = played(stage, line("one", "rivers"), line("two", "lakes"))
    alone = stage.run(lambda: client(stage).responses.create(model="gpt-5.2", input="rivers"))

    assert (batch.status, batch.request_counts.completed, batch.metadata) == ("completed", 2, {"name": "mine"})
    assert answers["one"]["response"]["body"]["output"][0]["content"][0]["text"] == alone.output_text
    assert errors == {}


def test_chat_completions_come_in_batches_too(stage: Stage) -> None:
    _, answers, _ = played(stage, line("one", url=CHAT), endpoint=CHAT)

    assert answers["one"]["response"]["body"]["choices"][0]["message"]["content"]


def test_what_fails_stands_in_a_file_of_its_own(stage: Stage) -> None:
    stage.sim.on(prompt="filter me").do(aijobs.fail("content_filter"))
    batch, answers, errors = played(stage, line("good"), line("bad", "filter me"), line("odd", model="no-model"))

    assert answers.keys() == {"good"}
    assert {name: row["response"]["status_code"] for name, row in errors.items()} == {"bad": 400, "odd": 404}
    assert (batch.request_counts.completed, batch.request_counts.failed) == (1, 2)


def test_a_batch_in_which_all_failed_has_no_file_of_answers(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail(500))
    batch, _, errors = played(stage, line("one"))

    assert (batch.status, batch.output_file_id) == ("completed", None)
    assert errors["one"]["response"]["status_code"] == 500


def test_what_expires_is_told_after_a_day(stage: Stage) -> None:
    stage.sim.on(prompt="lakes").do(aijobs.fail("batch_expired"))
    batch, answers, errors = played(stage, line("one"), line("two", "lakes"))

    assert (batch.status, list(answers)) == ("expired", ["one"])
    assert errors["two"]["error"]["code"] == "batch_expired"
    assert stage.sim.now >= 86_400


def test_a_batch_may_fail_after_it_was_taken(stage: Stage) -> None:
    stage.sim.on(prompt="lakes").do(aijobs.fail("token_limit_exceeded"))
    batch, answers, errors = played(stage, line("one"), line("two", "lakes"))

    assert (batch.status, batch.errors.data[0].code) == ("failed", "token_limit_exceeded")
    assert not answers
    assert not errors


def test_a_batch_may_end_without_its_answers(stage: Stage) -> None:
    stage.sim.on(prompt="lakes").do(aijobs.fail("no_output_file"))
    batch, _, _ = played(stage, line("one"), line("two", "lakes"))

    assert (batch.status, batch.output_file_id, batch.error_file_id) == ("completed", None, None)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["no json"], "invalid_json_line"),
        ([line("same"), line("same")], "duplicate_custom_id"),
        ([line("one", url=CHAT)], "mismatched_endpoint"),
        ([line("one", stream=True)], "mismatched_endpoint"),
        ([""], "empty_file"),
    ],
)
def test_a_file_that_is_wrong_fails_its_batch(stage: Stage, lines: list[str], code: str) -> None:
    batch, _, _ = played(stage, *lines)

    assert (batch.status, batch.errors.data[0].code) == ("failed", code)


def test_a_batch_of_no_file_is_refused(stage: Stage) -> None:
    async def wrong() -> None:
        await client(stage).batches.create(input_file_id="file-none", endpoint=RESPONSES, completion_window="24h")

    with pytest.raises(openai.NotFoundError):
        stage.run(wrong)


def test_a_batch_that_is_over_cannot_be_cancelled(stage: Stage) -> None:
    async def cancel_late() -> None:
        api = client(stage)
        batch = await over(api, await create(api, line("one")))
        await api.batches.cancel(batch.id)

    with pytest.raises(openai.ConflictError):
        stage.run(cancel_late)


def test_batches_are_listed_the_newest_first(stage: Stage) -> None:
    async def listed() -> tuple[list[str], list[str]]:
        api = client(stage)
        made = [(await create(api, line(str(number)))).id for number in range(3)]
        return made, [batch.id async for batch in api.batches.list(limit=2)]

    made, found = stage.run(listed)
    assert found == made[::-1]


def test_an_equal_request_after_one_that_failed_in_a_batch_is_its_next_try(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail(500))
    _, _, errors = played(stage, line("one"))
    _, answers, _ = played(stage, line("again"))

    assert errors["one"]["response"]["status_code"] == 500
    assert answers.keys() == {"again"}
