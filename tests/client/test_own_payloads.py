"""The payload that a handler gets is the one that was checked, whatever its model is made of."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field, field_validator

import aijobs_sdk as aijobs


class Circle(BaseModel):
    kind: Literal["circle"] = "circle"
    size: int = 1


class Square(BaseModel):
    kind: Literal["square"] = "square"
    size: int = 1


class Either(BaseModel):
    shape: Circle | Square = Circle()


class Tagged(BaseModel):
    shape: Annotated[Circle | Square, Field(discriminator="kind")] = Square()


class Renamed(BaseModel):
    doc_id: str = Field(alias="docId")
    api_key: str = Field(default="", alias="apiKey")


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    id: UUID
    at: datetime
    price: Decimal


class Pair(BaseModel):
    model_config = ConfigDict(strict=True)
    sizes: tuple[int, int]


class Counted(BaseModel):
    model_config = ConfigDict(extra="forbid")
    words: list[str]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def count(self) -> int:
        return len(self.words)


class Hidden(BaseModel):
    note: str = Field(exclude=True)


class Anything(BaseModel):
    value: Any = None


class Marked(BaseModel):
    marks: set[int]
    among: list[dict[str, frozenset[str] | None]] = []


PAYLOADS = [
    Either(shape=Square()),
    Either(shape=Circle(size=2)),
    Tagged(shape=Circle()),
    Renamed(docId="7", apiKey="its own"),
    Strict(id=UUID(int=7), at=datetime(2026, 1, 1, tzinfo=UTC), price=Decimal("0.10")),
    Pair(sizes=(1, 2)),
    Counted(words=["a", "b"]),
    Anything(value={"a": [1, None]}),
    Marked(marks={8, 0}, among=[{"a": frozenset("python"), "b": None}]),
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: type(payload).__name__)
def test_a_handler_gets_what_was_checked(payload: BaseModel) -> None:
    assert _handled(payload) == [payload]


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: type(payload).__name__)
def test_a_replay_gets_what_was_checked(payload: BaseModel) -> None:
    got: list[BaseModel] = []
    with aijobs.Client(job_types=[_type(type(payload), got, fails=True)]) as client:
        failed = client.submit(type="own", payload=payload).wait(timeout=10)
        client.replay(failed.id).wait(timeout=10)
    assert got == [payload, payload]


def test_a_strict_model_reads_json_and_nothing_else_that_it_does_not_want() -> None:
    as_json = {"id": str(UUID(int=7)), "at": "2026-01-01T00:00:00Z", "price": "0.10"}
    assert _handled(as_json, model=Strict) == [PAYLOADS[4]]
    with pytest.raises(aijobs.InvalidRequestError, match=r"`payload\.sizes"):
        _handled({"sizes": ["1", "2"]}, model=Pair)


def test_a_mapping_may_name_a_field_as_callers_do() -> None:
    assert _handled({"docId": "7", "apiKey": "its own"}, model=Renamed) == [Renamed(docId="7", apiKey="its own")]


def test_two_that_differ_in_what_is_left_to_defaults_are_two_under_one_key() -> None:
    with aijobs.Client(job_types=[_type(Either, [])]) as client:
        client.submit(type="own", payload=Either(shape=Circle()), idempotency_key="one")
        with pytest.raises(aijobs.IdempotencyConflictError):
            client.submit(type="own", payload=Either(shape=Square()), idempotency_key="one")


def test_a_repeat_finds_its_job_in_whichever_order_a_set_comes() -> None:
    with aijobs.Client(job_types=[_type(Marked, [])]) as client:
        first = client.submit(type="own", payload={"marks": [*range(64, -8, -8)]}, idempotency_key="one")
        again = client.submit(type="own", payload={"marks": [*range(0, 72, 8)]}, idempotency_key="one")
        assert again.id == first.id


class Numbered(BaseModel):
    text: str
    number: UUID = Field(default_factory=uuid4)


def test_a_repeat_finds_its_job_though_its_model_makes_something_up_each_time() -> None:
    with aijobs.Client(job_types=[_type(Numbered, [])]) as client:
        first = client.submit(type="own", payload={"text": "hello"}, idempotency_key="one")
        again = client.submit(type="own", payload={"text": "hello"}, idempotency_key="one")
        assert (again.id, again.job.payload) == (first.id, first.job.payload)
        with pytest.raises(aijobs.IdempotencyConflictError):
            client.submit(type="own", payload={"text": "hello", "number": UUID(int=1)}, idempotency_key="one")


def _holding_itself() -> dict[str, Any]:
    holder: dict[str, Any] = {}
    holder["itself"] = holder
    return holder


@pytest.mark.parametrize(
    "value",
    [object(), b"\xff", 10**5000, {"\ud800": 1}, float("nan"), [float("inf")], _holding_itself()],
    ids=["object", "bytes", "digits", "half a key", "nan", "inf", "holding itself"],
)
def test_what_json_does_not_hold_is_refused_by_the_name_of_its_field(value: object) -> None:
    with aijobs.Client(job_types=[_type(Anything, [])]) as client:
        with pytest.raises(aijobs.InvalidRequestError, match="`payload"):
            client.submit(type="own", payload={"value": value})
        assert list(client.list()) == []


class Shouted(BaseModel):
    text: str

    @field_validator("text")
    @classmethod
    def _louder(cls, text: str) -> str:
        return f"{text}!"


@pytest.mark.parametrize("payload", [Shouted(text="hey"), Hidden(note="nobody writes it")], ids=["Shouted", "Hidden"])
def test_a_model_that_does_not_read_what_it_writes_is_refused_at_submit(payload: BaseModel) -> None:
    given = {name: getattr(payload, name) for name in type(payload).model_fields}
    with (
        aijobs.Client(job_types=[_type(type(payload), [])]) as client,
        pytest.raises(aijobs.InvalidRequestError, match="does not come back from JSON"),
    ):
        client.submit(type="own", payload=given)


class Page(BaseModel):
    draft: bool = Field(default=False, exclude=True)
    made_up: UUID = Field(default_factory=uuid4, exclude=True)


class Book(BaseModel):
    pages: dict[str, list[Page]] = {}


def test_what_a_model_leaves_out_of_what_it_writes_may_be_said_where_that_changes_nothing() -> None:
    [book] = _handled({"pages": {"one": [{"draft": False}]}}, model=Book)
    assert book.model_dump() == {"pages": {"one": [{}]}}
    with pytest.raises(aijobs.InvalidRequestError, match="does not come back from JSON"):
        _handled({"pages": {"one": [{"draft": True}]}}, model=Book)


def _type(model: type[BaseModel], got: list[BaseModel], *, fails: bool = False) -> aijobs.JobType[Any]:
    async def run(context: aijobs.JobContext, payload: BaseModel) -> dict[str, Any]:
        got.append(payload)
        return {"failed": 1 // (not fails)}

    run.__annotations__["payload"] = model
    return aijobs.job_type("own")(run)


def _handled(payload: BaseModel | dict[str, Any], model: type[BaseModel] | None = None) -> list[BaseModel]:
    got: list[BaseModel] = []
    with aijobs.Client(job_types=[_type(model or type(payload), got)]) as client:  # type: ignore[arg-type]
        client.submit(type="own", payload=payload).result(timeout=10)
    return got
