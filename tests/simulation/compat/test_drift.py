"""All that is sent fits the types of the vendors' own libraries: a field that a new version renames is seen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from random import Random
from typing import Any

import anthropic
import botocore.session
import httpx2
import openai
import pytest
from anthropic.types.shared import ErrorResponse
from botocore.eventstream import EventStreamBuffer
from google.genai import types
from openai.types.shared import ErrorObject
from pydantic import TypeAdapter

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.faults import FaultKind, Quirk
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.wire.exchange import HttpRequest, HttpResponse
from aijobs_sdk.simulation.wire.vendors import new_endpoints
from simulation.compat.examples import CITY, CONVERSE_TOOLS, MESSAGES, RIVERS, THINKING
from simulation.compat.hosts import CLAUDE, CLAUDE_ON_BEDROCK, EMBEDDING, GPT, Host, InProcess
from simulation.compat.shapes import misfits, unknown_fields
from simulation.compat.shown import outcome_of
from simulation.compat.surfaces import SURFACES

# The models of our table are on their way out at their vendor, and its library says so.
pytestmark = pytest.mark.filterwarnings("ignore:The model '.*claude-:DeprecationWarning")
OUTCOMES: Sequence[int | str] = (*FaultKind, *Quirk, 400, 403, 404, 429, 500, 503)
IS_NO_FIT = (openai.APIResponseValidationError, anthropic.APIResponseValidationError)
UNTYPED = {
    "amazon-bedrock-invocationMetrics",
    "details",  # of an error: the library's exceptions read it, its types do not have it
    "store",  # of a response
}
"""Fields that vendors send although their libraries' types have no name for them."""
OPENAI = [name for name in SURFACES if name.startswith("OpenAI")]
ANTHROPIC = [name for name in SURFACES if name.startswith("Anthropic")]
BEDROCK = [name for name in SURFACES if name.startswith("Bedrock")]
GOOGLE = [name for name in SURFACES if name.startswith(("Gemini", "Vertex"))]
Outcome = tuple[list[Any], BaseException | None]


class Ear:
    """Hears the good answers that come to a client, event by event, before the client has read them."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def __call__(self, response: httpx2.Response) -> None:
        body = await response.aread() if response.status_code == httpx2.codes.OK else b""
        self.heard += [line.removeprefix("data: ") for line in body.decode().splitlines() if line]


@cache
def outcomes_at(surface: str) -> Sequence[Outcome]:
    """Return what comes of every way of asking, and of every fault."""
    return _played(surface, InProcess("instant", strict=True), OUTCOMES)


def _played(
    surface: str, host: Host, faults: Sequence[int | str], hooks: Mapping[str, Any] | None = None
) -> Sequence[Outcome]:
    ask, extras = SURFACES[surface]
    draws = Random(surface)

    async def all_of_them() -> list[Outcome]:
        host.http.event_hooks = {"response": [], **(hooks or {})}
        outcomes = [await outcome_of(ask(host, f"good! {RIVERS}", extra, 30.0)) for extra in extras.values()]
        for fault in faults:
            host.world.on(prompt=f"{fault}:*").do(aijobs.fail(fault))
            extra = extras[draws.choice(list(extras))]
            outcomes.append(await outcome_of(ask(host, f"{fault}: {RIVERS}", extra, 30.0)))
        return outcomes

    return host.run(all_of_them)


def new_fields_in(values: Iterable[Any]) -> set[str]:
    found = {field for value in values for field in unknown_fields(value)}
    return {field for field in found if field.rpartition(".")[2] not in UNTYPED}


@pytest.mark.parametrize("surface", [*OPENAI, *ANTHROPIC, *BEDROCK])
def test_every_answer_and_event_fits_the_librarys_types(surface: str) -> None:
    assert [error for _, error in outcomes_at(surface) if isinstance(error, IS_NO_FIT)] == []
    assert new_fields_in(chain.from_iterable(events for events, _ in outcomes_at(surface))) == set()


@pytest.mark.parametrize(
    ("surface", "error", "wanted"),
    [
        *((name, openai.APIError, ErrorObject) for name in OPENAI),
        *((name, anthropic.APIStatusError, ErrorResponse) for name in ANTHROPIC),
    ],
)
def test_every_error_fits_the_librarys_types(surface: str, error: type[Any], wanted: Any) -> None:
    bodies = [raised.body for _, raised in outcomes_at(surface) if isinstance(raised, error)]
    read = [TypeAdapter(wanted).validate_python(body) for body in bodies if body is not None]
    assert len(read) >= 10
    assert new_fields_in(read) == set()


@pytest.mark.parametrize("surface", GOOGLE)
def test_google_has_a_name_for_every_field(surface: str) -> None:
    ear = Ear()
    readable = [fault for fault in OUTCOMES if fault not in {FaultKind.MALFORMED_EVENT, FaultKind.ERROR_EVENT}]
    _played(surface, InProcess("instant"), readable, {"response": [ear]})
    # Its types refuse what they do not know; the client leaves it out before it asks them.
    assert [types.GenerateContentResponse.model_validate_json(body) for body in ear.heard]


async def looks_at_openai(host: Host) -> list[Any]:
    api = host.openai()
    embeddings = await api.embeddings.create(model=EMBEDDING, input=RIVERS, encoding_format="float")
    return [embeddings, await api.models.retrieve(GPT), *(await api.models.list()).data]


async def looks_at_anthropic(host: Host) -> list[Any]:
    messages = host.anthropic().messages
    asked: Any = [{"custom_id": "one", "params": {"model": CLAUDE, "max_tokens": 9, "messages": MESSAGES}}]
    batch = await messages.batches.create(requests=asked)
    results = [line async for line in await messages.batches.results(batch.id)]
    return [batch, *results, await messages.count_tokens(model=CLAUDE, messages=MESSAGES)]


async def looks_at_anthropics_models(host: Host) -> list[Any]:
    models = host.anthropic().models
    return [await models.retrieve(CLAUDE), *(await models.list()).data]


@pytest.mark.parametrize("look", [looks_at_openai, looks_at_anthropic, looks_at_anthropics_models])
def test_what_needs_no_model_fits_as_well(look: Any) -> None:
    host = InProcess("instant", strict=True)
    assert new_fields_in(host.run(lambda: look(host))) == set()


TALK: Mapping[str, Any] = {"messages": [{"role": "user", "content": [{"text": RIVERS}]}]}
WANTED = {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(CITY)}}}
TALKS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "tools": {"toolConfig": CONVERSE_TOOLS},
    "thinking": {"additionalModelRequestFields": {"thinking": THINKING}},
    "schema": {"outputConfig": {"textFormat": WANTED}},
    "short": {"inferenceConfig": {"maxTokens": 5}},
}
AMAZON = botocore.session.get_session().get_service_model("bedrock-runtime")


def amazon(path: str, body: Mapping[str, Any], fault: int | str | None = None) -> HttpResponse:
    world = Mock(7, "instant", virtual=False)
    world.on().do(aijobs.ok() if fault is None else aijobs.fail(fault))
    asked = HttpRequest(
        "POST",
        f"/model/{CLAUDE_ON_BEDROCK}/{path}",
        headers={"authorization": "Bearer any"},
        body=json.dumps(body).encode(),
    )
    answered = new_endpoints(world).answer(asked, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert answered is not None
    return answered


def frames_of(answered: HttpResponse) -> list[Any]:
    buffer = EventStreamBuffer()
    buffer.add_data(b"".join(chunk.data for chunk in answered.chunks))
    return list(buffer)


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
def test_a_conversation_is_what_amazon_describes(talk: Mapping[str, Any]) -> None:
    answered = amazon("converse", {**TALK, **talk})
    body = json.loads(b"".join(chunk.data for chunk in answered.chunks))
    assert list(misfits(AMAZON.operation_model("Converse").output_shape, body)) == []


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
def test_a_streamed_conversation_is_what_amazon_describes(talk: Mapping[str, Any]) -> None:
    events = AMAZON.operation_model("ConverseStream").get_event_stream_output().members
    frames = frames_of(amazon("converse-stream", {**TALK, **talk}))
    wrong = [misfits(events[frame.headers[":event-type"]], json.loads(frame.payload)) for frame in frames]
    assert [one for found in wrong for one in found] == []
    assert frames[-1].headers[":event-type"] == "metadata"


@pytest.mark.parametrize(
    ("path", "operation", "body"),
    [
        ("converse-stream", "ConverseStream", TALK),
        (
            "invoke-with-response-stream",
            "InvokeModelWithResponseStream",
            {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99, "messages": MESSAGES},
        ),
    ],
)
def test_an_exception_in_a_stream_is_what_amazon_describes(path: str, operation: str, body: Mapping[str, Any]) -> None:
    events = AMAZON.operation_model(operation).get_event_stream_output().members
    last = frames_of(amazon(path, body, "error_event"))[-1]
    assert list(misfits(events[last.headers[":exception-type"]], json.loads(last.payload))) == []


@pytest.mark.parametrize(
    "fault", [400, 403, 404, 408, 424, 429, 500, 503, "quota_exhausted", "overloaded", "context_too_long"]
)
def test_an_error_is_what_amazon_describes(fault: int | str) -> None:
    answered = amazon("converse", TALK, fault)
    known = {shape.name: shape for shape in AMAZON.operation_model("Converse").error_shapes}
    shape = known[answered.headers["x-amzn-errortype"]]
    assert answered.status == shape.metadata["error"]["httpStatusCode"]
    assert list(misfits(shape, json.loads(answered.chunks[0].data))) == []
