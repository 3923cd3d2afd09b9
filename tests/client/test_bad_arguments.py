"""An argument that cannot be used is refused by its name, before anything is asked or stored."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs
from aijobs_sdk.contract.errors import InvalidRequestError

SVG = "data:image/svg+xml;base64,AAAA"
ITSELF: list[object] = []
ITSELF.append(ITSELF)
TOOL_OF_OPENAI = {"type": "function", "function": {"name": "look_up"}}


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("api_keys", "sk-x"),
        ("artifacts", 5),
        ("artifacts", "\0"),
        ("concurrency", "x"),
        ("job_types", 5),
        ("job_types", [5]),
        ("limits", 5),
        ("models", 5),
        ("models", [{"name": "x"}]),
        ("profile", 5),
        ("providers", 5),
        ("providers", [5]),
        ("seed", "x"),
        ("tenant_id", 5),
        ("url", 5),
    ],
)
def test_a_client_that_cannot_be_is_refused_by_the_name_of_its_argument(argument: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        aijobs.Client(**{argument: value})

    assert [one.field for one in refused.value.fields] == [argument]
    assert "pydantic" not in str(refused.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("idempotency_key", 5),
        ("images", 5),
        ("images", [5]),
        ("images", b"no picture"),
        ("images", "no_picture.png"),
        ("max_attempts", "x"),
        ("output_model", 5),
        ("output_model", dict),
        ("priority", 5),
    ],
)
def test_a_job_that_cannot_be_is_refused_by_the_name_of_its_option(option: str, value: Any) -> None:
    with aijobs.Client() as client, pytest.raises(InvalidRequestError) as refused:
        client.submit("Hello", model="gpt-5.2", **{option: value})

    assert [one.field for one in refused.value.fields] == [option]
    assert "errors.pydantic" not in str(refused.value)


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("tools", [TOOL_OF_OPENAI], "`payload.tools.0.type` is no field here\n"),
        ("images", [SVG], r"data:image/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]+)$', got a text of 30 characters"),
        ("images", ["http://x.test/y.png"], "`images` names an address that is not `https`"),
    ],
)
def test_a_refusal_says_what_is_taken(option: str, value: Any, problem: str) -> None:
    with aijobs.Client() as client, pytest.raises(InvalidRequestError) as refused:
        client.submit("Hello", model="gpt-5.2", **{option: value})

    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("ask", "argument"),
    [
        (lambda client: client.job("abc"), "job_id"),
        (lambda client: client.images(5), "job_id"),
        (lambda client: client.dead_letter(None), "job_id"),
        (lambda client: client.replay("abc"), "letter"),
        (lambda client: client.blocks("abc"), "document_id"),
        (lambda client: client.document("abc"), "document_id"),
        (lambda client: client.lineage("abc"), "document_id"),
        (lambda client: client.revisions("abc"), "block_id"),
        (lambda client: client.suggestions("abc"), "block_id"),
        (lambda client: client.apply_suggestion(5), "suggestion_id"),
        (lambda client: client.reject_suggestion(None), "suggestion_id"),
        (lambda client: list(client.list(limit=0)), "limit"),
        (lambda client: list(client.list(limit=1001)), "limit"),
        (lambda client: list(client.list(status="bogus")), "status"),
        (lambda client: list(client.list(type="\x00")), "type"),
        (lambda client: client.usage(5), "month"),
        (lambda client: client.unschedule(5), "name"),
        (lambda client: client.delete_batch(["a"]), "name"),
        (lambda client: client.purge_dead_letters(older_than="30d"), "older_than"),
        (lambda client: client.submit_many(["hi"]), "requests"),
        (lambda client: list(client.submit(type="test_job").stream(after="x")), "after"),
        (lambda client: client.submit("hi", model="gpt-5.2", payload={"prompt": "ho"}), "prompt"),
        (lambda client: client.submit("hi", model="gpt-5.2", messages=ITSELF), "messages"),
        (lambda client: client.estimate("hi", model="gpt-5.2", tools=ITSELF), "tools"),
        (lambda client: client.submit("hi", model="gpt-5.2", images=ITSELF), "images"),
        (lambda client: client.submit("hi", model="gpt-5.2", images="\ud800"), "images"),
        (lambda client: client.submit("hi", model="gpt-5.2", max_tokens=10**5000), "payload.max_tokens"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_by_the_name_of_its_argument(
    ask: Callable[[aijobs.Client], object], argument: str
) -> None:
    with aijobs.Client() as client, pytest.raises(InvalidRequestError) as refused:
        ask(client)
    assert [one.field for one in refused.value.fields] == [argument]


def test_words_may_be_written_in_any_case() -> None:
    with aijobs.Client() as client:
        job = client.submit(type="test_job", priority="HIGH")
        job.wait(timeout=10)
        assert [one.id for one in client.list(status="COMPLETED")] == [job.id]


class Node(BaseModel):
    name: str
    children: list[Node] = []


def test_a_model_that_holds_itself_can_be_asked_for() -> None:
    with aijobs.mock() as sim, aijobs.Client() as client:
        sim.on().do(aijobs.ok(text='{"name": "root", "children": [{"name": "leaf"}]}'))
        tree = client.submit("Draw a tree.", model="gpt-5.2", output_model=Node).result().output
    assert tree == Node(name="root", children=[Node(name="leaf")])


@pytest.mark.parametrize(
    "waits", [lambda job, s: job.wait(s), lambda job, s: job.result(s), lambda job, s: aijobs.wait([job], s)]
)
@pytest.mark.parametrize("seconds", ["1", [1], float("nan"), True])
def test_a_timeout_is_a_number_of_seconds(waits: Callable[[Any, Any], object], seconds: Any) -> None:
    with aijobs.Client() as client:
        job = client.submit("Hello", model="gpt-5.2")
        with pytest.raises(InvalidRequestError, match="`timeout` must be a number of seconds, or None"):
            waits(job, seconds)


@pytest.mark.parametrize("waits", [aijobs.wait, lambda jobs: list(aijobs.as_completed(jobs))])
@pytest.mark.parametrize("jobs", [None, 7, "job", ["job"]])
def test_only_jobs_are_waited_for(waits: Callable[[Any], object], jobs: Any) -> None:
    with pytest.raises(InvalidRequestError, match="`jobs` must be a list of jobs"):
        waits(jobs)


def test_the_one_of_many_that_is_no_request_is_named_by_its_place() -> None:
    with aijobs.Client() as client:
        requests: Any = [client.request("Hello", model="gpt-5.2"), "Hello"]
        with pytest.raises(InvalidRequestError, match=r"got a text of 5 characters at `requests\[1\]`"):
            client.submit_many(requests)
        assert list(client.list()) == []


def test_what_is_waited_for_is_one_of_three_things() -> None:
    with pytest.raises(InvalidRequestError, match="`return_when` must be 'ALL_COMPLETED' or"):
        aijobs.wait([], return_when="ANY")  # type: ignore[arg-type]


@pytest.mark.parametrize("path", [None, 7, "", b"rows.csv"])
def test_finished_rows_are_written_to_a_path(path: Any) -> None:
    with aijobs.Client() as client:
        batch = client.batch(["Hello"], prompt="{text}", model="gpt-5.2")
        batch.run()
        with pytest.raises(InvalidRequestError, match="`path` must be a path, got"):
            batch.write(path)


@pytest.mark.parametrize("waits", [aijobs.wait, lambda jobs: list(aijobs.as_completed(jobs))])
def test_several_jobs_that_are_not_there_are_one_error_and_no_complaint(
    waits: Callable[[object], object], caplog: pytest.LogCaptureFixture
) -> None:
    with aijobs.Client() as client, pytest.raises(aijobs.JobNotFoundError):
        waits([client.job(uuid4()), client.job(uuid4())])
    gc.collect()  # only then asyncio complains of errors that nobody looked at
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []
