"""The pure parts of the engine: delays, answers, payloads, chance."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, NotRequired
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AliasChoices, BaseModel, Field, JsonValue
from typing_extensions import TypedDict

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.events import TextDelta, UnknownEvent, dump_event, parse_event
from aijobs_sdk.contract.job import JobStatus, Rate
from aijobs_sdk.contract.model import Verbatim
from aijobs_sdk.contract.store import Fail, Retry, Text
from aijobs_sdk.engine.answer import Answer
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.checked_request import MOST_ATTEMPTS
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.engine.payload import drop_secrets
from aijobs_sdk.engine.retry import after_failure, backoff_seconds

JOB = "00000000-0000-0000-0000-000000000001"


def failed(*, attempt: int = 1, retryable: bool = True) -> ErrorInfo:
    return ErrorInfo(
        code="busy", category=ErrorCategory.PROVIDER, message="Busy.", retryable=retryable, attempt=attempt
    )


@given(attempt=st.integers(1, MOST_ATTEMPTS), draw=st.floats(0, 1, exclude_max=True))
def test_a_backoff_is_never_negative_and_never_above_a_minute(attempt: int, draw: float) -> None:
    assert 0 <= backoff_seconds(attempt, draw) <= 60


def test_backoffs_double_until_they_reach_a_minute() -> None:
    assert [backoff_seconds(attempt, 0.5) for attempt in (1, 2, 3, 4, 5, 6)] == [2, 4, 8, 16, 30, 30]


@given(retry_after=st.floats(0, 10_000, exclude_min=True), draw=st.floats(0, 1, exclude_max=True))
def test_a_providers_wish_is_never_cut_short(retry_after: float, draw: float) -> None:
    after = after_failure(failed(), draw=draw, retry_after_seconds=retry_after)
    assert isinstance(after, Retry)
    assert retry_after <= after.delay_seconds <= retry_after * 1.1


@pytest.mark.parametrize("attempt", [1, 2])
def test_who_is_not_asked_to_wait_backs_off(attempt: int) -> None:
    after = after_failure(failed(attempt=attempt), draw=0.5, retry_after_seconds=0.0)
    assert after == after_failure(failed(attempt=attempt), draw=0.5)


def test_a_lasting_failure_is_not_tried_again() -> None:
    error = failed(retryable=False)
    assert after_failure(error, draw=0.5, retry_after_seconds=1) == Fail(error)


def written(answer: Answer, piece: str) -> Text | None:
    answer.write(piece)
    return answer.update()


def read(updates: list[Text | None], shown: str = "") -> str:
    for update in updates:
        shown = shown if update is None else shown[: update.offset] + update.text
    return shown


@given(shown=st.text(), pieces=st.lists(st.text()))
def test_readers_end_with_exactly_what_the_last_attempt_wrote(shown: str, pieces: list[str]) -> None:
    answer = Answer(shown)
    updates = [written(answer, piece) for piece in pieces]
    assert read([*updates, answer.end()], shown) == "".join(pieces)


@given(text=st.text(min_size=1), cut=st.integers(0, 50))
def test_the_same_text_again_shows_only_what_is_new(text: str, cut: int) -> None:
    answer = Answer(text[:cut])
    answer.write(text)
    update = answer.end()
    assert (update.text if update else "") == text[cut:]


class Inner(BaseModel):
    token: str
    other: str = ""


class Outer(BaseModel):
    max_tokens: int
    inner: Inner | None = None
    free: dict[str, object] = {}


@pytest.mark.parametrize(
    "name", ["password", "Password", "db_password", "SECRET", "client-secret", "api_key", "API-KEY", "apikey", "token"]
)
def test_a_key_that_looks_like_a_secret_is_dropped_at_any_depth(name: str) -> None:
    payload = {"free": {"list": [{name: "x", "kept": 1}]}, name: "x"}
    clean = drop_secrets(payload, Outer)
    assert clean.payload == {"free": {"list": [{"kept": 1}]}}
    assert clean.dropped == (f"payload.free.list[0].{name}", f"payload.{name}")


def test_a_field_that_the_model_declares_stays_where_it_is_declared() -> None:
    clean = drop_secrets({"max_tokens": 5, "inner": {"token": "t"}, "free": {"token": "t"}}, Outer)
    assert clean.payload == {"max_tokens": 5, "inner": {"token": "t"}, "free": {}}


class Circle(BaseModel):
    radius: int


class Typed(TypedDict):
    max_tokens: int
    inner: NotRequired[Inner]


@dataclass
class Plain:
    max_tokens: int


class Anywhere(BaseModel):
    union: Circle | Inner | None = None
    by_name: dict[str, Inner] = {}
    pair: tuple[Circle, list[dict[str, Inner]]] | None = None
    typed: Typed | None = None
    plain: Plain | None = None
    later: Later | None = None
    credential: str = Field(default="", validation_alias=AliasChoices("authToken", "credential"))


class Later(BaseModel):
    secret: str


@pytest.mark.parametrize(
    "payload",
    [
        {"union": {"token": "t"}},
        {"by_name": {"gpt": {"token": "t"}}},
        {"pair": [{"radius": 1}, [{"gpt": {"token": "t"}}]]},
        {"typed": {"max_tokens": 5, "inner": {"token": "t"}}},
        {"plain": {"max_tokens": 5}},
        {"later": {"secret": "s"}},
        {"authToken": "t"},
    ],
    ids=lambda payload: next(iter(payload)),
)
def test_a_field_stays_wherever_the_payloads_model_lets_its_own_model_stand(payload: dict[str, object]) -> None:
    assert drop_secrets(payload, Anywhere).payload == payload


def test_a_key_beside_declared_fields_is_no_field_for_standing_among_them() -> None:
    payload = {"by_name": {"token": {"token": "t"}, "gpt": {"other": {"token": "t"}}}, "union": {"password": "p"}}
    assert drop_secrets(payload, Anywhere).payload == {"by_name": {"gpt": {"other": {}}}, "union": {}}


class Described(BaseModel):
    schemas: Annotated[list[dict[str, object]], Verbatim()]


def test_what_is_kept_as_it_came_is_no_place_for_a_number_that_json_has_not() -> None:
    with pytest.raises(InvalidRequestError, match=r"`payload\.schemas\[0\]\.api_key\.least` must be a finite number"):
        drop_secrets({"schemas": [{"api_key": {"least": float("-inf")}}]}, Described)
    as_it_came = {"schemas": [{"api_key": {"least": 0.5}}]}
    assert drop_secrets(as_it_came, Described).payload == as_it_came


def test_a_draw_belongs_to_its_key_and_seed() -> None:
    chance = Chance(1)
    assert chance.draw("a", 1) == Chance(1).draw("a", 1)
    others = {Chance(2).draw("a", 1), chance.draw("a", "1"), chance.draw("a1"), chance.draw("a", 1, "")}
    assert chance.draw("a", 1) not in others
    assert len(others) == 4


@given(st.lists(st.text(), max_size=3))
def test_a_draw_is_a_share(key: list[str]) -> None:
    assert 0 <= Chance(0).draw(*key) < 1


@given(st.lists(st.text(), max_size=3))
def test_three_draws_of_a_key_are_shares_that_belong_to_it(key: list[str]) -> None:
    draws = Chance(0).draws(*key)
    assert all(0 <= draw < 1 for draw in draws)
    assert draws == Chance(0).draws(*key)
    assert len({*draws, *Chance(0).draws(*key, "x")}) == 6


def test_a_short_lease_is_kept_by_a_short_heartbeat() -> None:
    assert Limits(lease_seconds=2).heartbeat_seconds <= 2 / 3
    assert Limits().heartbeat_seconds == 10


def test_an_event_of_a_later_version_breaks_nobody() -> None:
    data: dict[str, JsonValue] = {"job_id": JOB, "seq": 3, "at": "2026-01-01T00:00:00Z", "kind": "teleported"}
    event = parse_event({**data, "to": "Mars"})
    assert isinstance(event, UnknownEvent)
    assert (event.kind, event.data) == ("teleported", {"to": "Mars"})
    assert dump_event(event) == {**data, "to": "Mars"}


def test_an_event_reads_back_from_json() -> None:
    delta = TextDelta(job_id=UUID(JOB), seq=3, at=datetime(2026, 1, 1, tzinfo=UTC), text="a", offset=0, attempt=1)
    assert parse_event(json.loads(json.dumps(dump_event(delta)))) == delta


@pytest.mark.parametrize("text", ["processing", "PROCESSING", "Processing"])
def test_a_status_is_read_in_either_case(text: str) -> None:
    assert JobStatus(text) is JobStatus.PROCESSING


@pytest.mark.parametrize("field", ["job_seconds", "hard_limit_seconds", "lease_seconds", "grace_seconds"])
@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), 1e19])
def test_a_time_that_leads_out_of_the_calendar_is_refused(field: str, seconds: float) -> None:
    with pytest.raises(InvalidRequestError, match=field):
        Limits(**{"hard_limit_seconds": 1e9, field: seconds})


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), 1e19, 0])
def test_a_rate_that_no_calendar_can_tell_is_refused(seconds: float) -> None:
    with pytest.raises(InvalidRequestError, match="seconds"):
        Rate(jobs=1, seconds=seconds)
