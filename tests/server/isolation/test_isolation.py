"""Every route of the OpenAPI document, asked by one tenant for what is another's: it reads as if it were not there."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest
import schemathesis
from fastapi import FastAPI

from aijobs_sdk.contract.keys import Scope
from aijobs_sdk.server.openapi import document_text
from server.conftest import new_client
from server.isolation.belongings import SECRET, Belongings, nobodys
from server.isolation.walk import EXAMPLES, OPERATIONS, Answer, Operation, masked, unnamed
from server.isolation.watched import trips_noted
from server.server_worlds import OURS, THEIRS, KeyRing

pytestmark = pytest.mark.anyio

PROBES = {"is_alive", "is_ready"}
ABOUT_THE_SERVER = {"get_health", "get_time", "show_metrics", *PROBES}
ASKS_BY_POST = {"find_refusals", "estimate", "look_up", "follow_many"}
LETS_READ = {one.id for one in OPERATIONS if one.method == "get"} - {"show_metrics", *PROBES} | ASKS_BY_POST
LETS_OPERATE = {"show_metrics", "purge_dead_letters"}
STARTS_JOBS = {"submit", "start_report_job"}
A_MISSING_JOB = 'retry: 1000\nevent: missing\ndata: {"job_id": "<job>"}\n\n'
NOTHING = {
    "list_jobs": '{"jobs":[],"next_cursor":null}',
    "look_up": '{"jobs":[],"missing":["<job>"],"unreadable":{},"rest":[]}',
    "list_images": '{"images":[]}',
    "follow_some": A_MISSING_JOB,
    "follow_many": A_MISSING_JOB,
    "list_blocks": '{"blocks":[]}',
    "list_revisions": '{"revisions":[]}',
    "list_suggestions": '{"suggestions":[]}',
    "list_lineage": '{"lineage":[]}',
    "list_usage": "",
    "list_report_jobs": '{"jobs":[]}',
    "list_dead_letters": '{"dead_letters":[],"next_offset":null}',
    "purge_dead_letters": '{"purged":0}',
    "list_schedules": '{"schedules":[]}',
    "list_batches": '{"batches":[]}',
    "list_batch_rows": '{"rows":[],"next_start":null}',
}
"""What routes answer to who has nothing, where that is no 404."""
DOCUMENT = schemathesis.openapi.from_dict(json.loads(document_text()))

Answers = dict[tuple[str, int], Answer]


async def walked(client: httpx.AsyncClient, owned: list[Belongings], *, by: Callable[[Operation], bool]) -> Answers:
    """Return how each of these routes answers when it is asked for each of these."""
    return {
        (one.id, n): masked(await one.ask(client, EXAMPLES[one.id](own)), own)
        for one in OPERATIONS
        if by(one)
        for n, own in enumerate(owned)
    }


async def trips(client: httpx.AsyncClient, owned: list[Belongings]) -> dict[str, list[str]]:
    """Return what each route has the store do, when it is asked for each of these, and starts no job."""
    done = {}
    for one in (one for one in OPERATIONS if one.id not in STARTS_JOBS):
        with trips_noted() as done[one.id]:
            await walked(client, owned, by=one.__eq__)
    return done


def every(_: Operation) -> bool:
    return True


def is_answered_at_once(one: Operation) -> bool:
    return one.method == "get" and one.id not in {"follow_one", "follow_some", *ABOUT_THE_SERVER}


def test_every_route_has_an_example() -> None:
    assert {one.id for one in OPERATIONS} == EXAMPLES.keys()


def changes_something(one: Operation) -> bool:
    return one.id not in LETS_READ | PROBES


async def test_what_is_anothers_is_answered_like_what_is_nobodys(
    owned: list[Belongings], theirs: httpx.AsyncClient, others: httpx.AsyncClient
) -> None:
    about_ours = await walked(theirs, owned, by=every)
    about_nothing = await walked(others, [nobodys(own) for own in owned], by=every)
    assert about_ours == about_nothing


async def test_what_is_anothers_is_not_found_or_nothing(owned: list[Belongings], theirs: httpx.AsyncClient) -> None:
    is_said = ABOUT_THE_SERVER | NOTHING.keys()
    answers = await walked(theirs, owned, by=lambda one: one.may_be_missing and one.id not in is_said)
    assert {answer.status for answer in answers.values()} == {404}
    answers = await walked(theirs, owned, by=lambda one: one.id in NOTHING)
    assert {name: answer.text for (name, _), answer in answers.items()} == NOTHING


async def test_a_batch_of_anothers_is_followed_by_nobody_else(
    owned: list[Belongings], theirs: httpx.AsyncClient, others: httpx.AsyncClient
) -> None:
    ours, none = owned[0], nobodys(owned[0])
    about_ours = masked(await theirs.get("/api/events", params={"batch": ours.batch_name}), ours)
    about_nothing = masked(await others.get("/api/events", params={"batch": none.batch_name}), none)
    assert about_ours == about_nothing
    assert about_ours.status == 404


async def test_nothing_of_anothers_is_told(owned: list[Belongings], theirs: httpx.AsyncClient) -> None:
    ours = {SECRET, str(OURS.tenant_id), str(OURS.user_id), *(name for own in owned for _, name in own.named())}
    told = {
        (one.id, n): unnamed((await one.ask(theirs, EXAMPLES[one.id](own))).text, own)
        for one in OPERATIONS
        for n, own in enumerate(owned)
    }
    assert {where for where, text in told.items() for word in ours if word in text} == set()


async def test_nothing_of_anothers_is_changed(
    client: httpx.AsyncClient, owned: list[Belongings], theirs: httpx.AsyncClient
) -> None:
    before = await walked(client, owned, by=is_answered_at_once)
    answers = await walked(theirs, owned, by=changes_something)
    assert len(answers) > 20
    assert await walked(client, owned, by=is_answered_at_once) == before


async def ended(client: httpx.AsyncClient, own: Belongings) -> Answer:
    """Return the whole log of a job on somebody's block."""
    started = await client.post("/api/report-builder/jobs", json=EXAMPLES["start_report_job"](own).json)
    return masked(await client.get(f"/api/jobs/{started.json()['jobId']}/events"), own)


async def test_a_job_on_anothers_block_ends_like_one_on_none(
    client: httpx.AsyncClient, owned: list[Belongings], theirs: httpx.AsyncClient, others: httpx.AsyncClient
) -> None:
    before = await walked(client, owned, by=is_answered_at_once)
    on_ours = await ended(theirs, owned[0])
    assert on_ours == await ended(others, nobodys(owned[0]))
    assert "event: failed" in on_ours.text
    assert await walked(client, owned, by=is_answered_at_once) == before


async def test_what_is_anothers_costs_what_nobodys_does(
    owned: list[Belongings], theirs: httpx.AsyncClient, others: httpx.AsyncClient
) -> None:
    for_ours = await trips(theirs, owned)
    for_nothing = await trips(others, [nobodys(own) for own in owned])
    assert for_ours == for_nothing


async def test_the_owner_is_answered(client: httpx.AsyncClient, owned: list[Belongings]) -> None:
    answers = await walked(client, owned, by=every)
    assert {name for (name, _), answer in answers.items() if answer.status < 300} == EXAMPLES.keys() - {"submit"}
    assert {answers["submit", n].status for n in range(len(owned))} == {409}  # the key was used for something else
    assert {name for (name, _), answer in answers.items() if answer.text != NOTHING.get(name)} == EXAMPLES.keys()


async def test_the_owner_is_answered_as_the_document_says(client: httpx.AsyncClient, owned: list[Belongings]) -> None:
    answers = [(one, await one.ask(client, EXAMPLES[one.id](own))) for one in OPERATIONS for own in owned]
    wrong = [DOCUMENT[one.path][one.method].validate_response(answer) for one, answer in answers]  # or it raises
    assert wrong == [None] * len(answers)


async def test_every_route_but_the_probes_refuses_who_shows_no_key(app: FastAPI) -> None:
    own = Belongings(*["0" * 8 + "-0000-4000-8000-" + "0" * 12] * 10)
    answers = await walked(new_client(app), [own], by=every)
    refused = {name for (name, _), answer in answers.items() if answer.status == 401}
    assert refused == EXAMPLES.keys() - PROBES
    assert len({answer for answer in answers.values() if answer.status == 401}) == 1


@pytest.mark.parametrize(
    ("scope", "lets"),
    [
        (Scope.READ, LETS_READ),
        (Scope.WRITE, EXAMPLES.keys() - LETS_READ - LETS_OPERATE - PROBES),
        (Scope.OPERATE, LETS_OPERATE),
    ],
)
async def test_a_key_is_for_its_scope_alone(
    app: FastAPI, keys: KeyRing, owned: list[Belongings], scope: Scope, lets: set[str]
) -> None:
    answers = await walked(new_client(app, keys.cut(THEIRS, scope)), owned[:1], by=lambda one: one.wants_key)
    assert {name for (name, _), answer in answers.items() if answer.status != 403} == lets
