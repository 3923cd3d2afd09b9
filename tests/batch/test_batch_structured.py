"""Answers as objects, of whatever class a notebook has at hand."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel, Field, computed_field, field_validator, model_serializer, model_validator

import aijobs_sdk as aijobs
from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.batch.reading.rows import open_rows
from aijobs_sdk.batch.row import ALL_COLUMNS
from aijobs_sdk.contract.errors import InvalidRequestError
from batch.batch_worlds import TASKS, WatchedBackend, a_batch

pytestmark = pytest.mark.anyio


class Harbour(BaseModel):
    name: str
    berths: int


@pytest.fixture
def harbours(sim: aijobs.Mock) -> None:
    sim.on().do(aijobs.ok('{"name": "Elm", "berths": 7}').forever())


@pytest.mark.usefixtures("harbours")
@pytest.mark.parametrize("name", [None, "harbours"])
async def test_outputs_are_of_a_class_that_a_function_defines(backend: WatchedBackend, name: str | None) -> None:
    class Berths(BaseModel):
        berths: int

    rows = await a_batch(backend, output_model=Berths, name=name).run()
    assert [row.output for row in rows] == [Berths(berths=7)] * 12


@pytest.mark.usefixtures("harbours")
async def test_a_class_that_was_defined_anew_meanwhile_does_not_matter(
    backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_batch(backend, output_model=Harbour)
    await batch.start()
    monkeypatch.setitem(globals(), "Harbour", type("Harbour", (BaseModel,), {"__annotations__": {"name": str}}))
    assert {row.output.name for row in await batch.wait()} == {"Elm"}


@pytest.mark.usefixtures("harbours")
@pytest.mark.parametrize("name", [None, "harbours"])
async def test_a_validator_that_breaks_fails_the_row_and_is_asked_about_no_more(
    backend: WatchedBackend, name: str | None
) -> None:
    class Berths(Harbour):
        model_config = {"title": "Harbour"}

        @field_validator("berths")
        @classmethod
        def of_a_map(cls, berths: int) -> int:
            return {"secret": 1}[f"pier {berths}"]

    rows = await a_batch(backend, TASKS[:1], output_model=Berths, name=name).run()
    error = rows[0].error
    assert error is not None
    assert error.message.startswith("`output_model` raised KeyError over the answer. `content` is what came.")
    again = await a_batch(backend, TASKS[:1], output_model=Harbour, name=name).run()
    assert (again[0].status, len(backend.sent)) == ("completed", 1 if name else 2)


@pytest.mark.usefixtures("harbours")
@pytest.mark.parametrize("trouble", [KeyError, ValueError])
async def test_a_validator_that_thinks_better_of_an_answer_fails_the_row(
    backend: WatchedBackend, trouble: type[Exception]
) -> None:
    thoughts = iter([None])

    class Fickle(Harbour):
        @model_validator(mode="after")
        def once(self) -> Fickle:
            if next(thoughts, trouble):
                raise trouble
            return self

    rows = await a_batch(backend, TASKS[:1], output_model=Fickle).run()
    assert (rows[0].status, rows[0].output) == ("failed", {"name": "Elm", "berths": 7})


async def test_a_strict_class_takes_from_json_what_json_has_no_word_for(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    class Visit(BaseModel):
        model_config = {"strict": True}
        on: date
        fee: Decimal

    sim.on().do(aijobs.ok('{"on": "2026-11-27", "fee": "7.50"}').forever())
    rows = await a_batch(backend, TASKS[:1], output_model=Visit).run()
    assert rows[0].output == Visit(on=date(2026, 11, 27), fee=Decimal("7.50"))
    assert len(backend.sent) == 1


@pytest.mark.usefixtures("harbours")
async def test_a_batch_that_is_found_by_its_name_gives_plain_objects(backend: WatchedBackend) -> None:
    await a_batch(backend, output_model=Harbour, name="harbours").run()
    found = aijobs.AsyncBatch(backend, name="harbours")
    assert {row.output["berths"] for row in await found.run()} == {7}


@pytest.mark.usefixtures("harbours")
async def test_fields_are_columns(backend: WatchedBackend) -> None:
    batch = a_batch(backend, output_model=Harbour)
    await batch.run()
    frame = batch.to_pandas()
    assert (list(frame["name"]), list(frame["berths"])) == (["Elm"] * 12, [7] * 12)


@pytest.mark.usefixtures("harbours")
async def test_fields_are_columns_of_a_file_also_where_the_first_row_is_skipped(
    backend: WatchedBackend, tmp_path: Path
) -> None:
    batch = a_batch(backend, [{"task": None}, {"task": "Name one."}], output_model=Harbour, on_null="skip")
    await batch.run()
    lines = batch.write(tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[1])["berths"] == 7


class Depth(BaseModel):
    metres: int = Field(alias="m")


class Berth(BaseModel):
    number: int = Field(alias="no")
    depth: Depth

    @computed_field
    def is_deep(self) -> bool:
        return self.depth.metres > 9


@pytest.fixture
async def berths(sim: aijobs.Mock, backend: WatchedBackend) -> AsyncBatch:
    sim.on().do(aijobs.ok('{"no": 7, "depth": {"m": 12}}').forever())
    batch = a_batch(backend, [{"task": None}, {"task": "Name one."}], output_model=Berth, on_null="skip")
    await batch.run()
    return batch


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
async def test_files_have_the_fields_by_their_names_in_python(berths: AsyncBatch, tmp_path: Path, ending: str) -> None:
    rows = list(open_rows(berths.write(tmp_path / f"out.{ending}")))
    assert [str(rows[1].get(name)) for name in ("number", "is_deep", "no")] == ["7", "True", "None"]
    assert "metres" in str(rows[1]["depth"])


async def test_frames_have_the_columns_of_files(berths: AsyncBatch, tmp_path: Path) -> None:
    header = berths.write(tmp_path / "out.csv").read_text("utf-8").splitlines()[0]
    assert header.split(",") == list(berths.to_pandas().columns) == berths.to_arrow().column_names


async def test_a_file_without_an_answer_has_the_columns_that_answers_would_have(
    backend: WatchedBackend, tmp_path: Path
) -> None:
    batch = a_batch(backend, [{"task": None}], output_model=Berth, on_null="skip")
    await batch.run()
    header = batch.write(tmp_path / "out.csv").read_text("utf-8").splitlines()[0]
    assert header.split(",")[-3:] == ["number", "depth", "is_deep"]


class Survey(BaseModel):
    name: str
    berths: int
    metres: float
    is_open: bool


def types_of(frame: Any) -> dict[str, object]:
    pairs = zip(frame.schema.names, frame.schema.types, strict=True) if isinstance(frame, pa.Table) else None
    return dict(pairs or getattr(frame, "schema", None) or frame.dtypes)


@pytest.mark.parametrize("make", ["to_arrow", "to_pandas", "to_polars"])
async def test_frames_have_the_same_columns_of_the_same_types_whether_rows_are_answered_or_not(
    sim: aijobs.Mock, backend: WatchedBackend, make: str
) -> None:
    batch = a_batch(backend, output_model=Survey)
    await batch.estimate()
    before = types_of(getattr(batch, make)())
    await batch.run()
    assert before == types_of(getattr(batch, make)())
    sim.on().do(aijobs.fail("content_filter").forever())
    failed = a_batch(backend, [{"task": "Name another."}], output_model=Survey)
    await failed.run()
    assert list(types_of(getattr(failed, make)())) == list(before)


async def test_the_vendor_is_asked_for_the_fields_by_their_aliases(backend: WatchedBackend) -> None:
    await a_batch(backend, output_model=Berth).run()
    schema: Any = backend.sent[0].payload["output_schema"]
    assert list(schema["properties"]) == ["no", "depth"]


class Crowded(Harbour):
    @computed_field
    def a_free_berth_costs(self) -> float:
        return 100 / (7 - self.berths)


@pytest.mark.usefixtures("harbours")
@pytest.mark.parametrize("way_out", ["to_pandas", "to_polars", "to_arrow", "write"])
async def test_a_class_that_breaks_when_its_fields_are_written_is_told_with_the_row(
    backend: WatchedBackend, tmp_path: Path, way_out: str
) -> None:
    batch = a_batch(backend, TASKS[:1], output_model=Crowded)
    await batch.run()
    path = tmp_path / "out.csv"
    told = r"^Row 1 \(index 0\): `output_model` raised ZeroDivisionError when its fields were to be written\. Mend"
    with pytest.raises(InvalidRequestError, match=told):
        getattr(batch, way_out)(*([path] if way_out == "write" else []))
    assert "Elm" in batch.write(path, outputs=["content"]).read_text("utf-8")


class Named(Harbour):
    @model_serializer
    def as_text(self) -> str:
        return self.name


@pytest.mark.usefixtures("harbours")
async def test_a_class_that_is_written_as_text_has_no_columns(backend: WatchedBackend, tmp_path: Path) -> None:
    batch = a_batch(backend, TASKS[:1], output_model=Named)
    rows = await batch.run()
    assert rows[0].output == Named(name="Elm", berths=7)
    names = ["task", *ALL_COLUMNS]
    assert [*batch.to_pandas()] == batch.to_arrow().column_names == names
    assert [*json.loads(batch.write(tmp_path / "out.jsonl").read_text("utf-8"))] == names


@pytest.mark.parametrize("asks", [{"output_model": Harbour}, {"output_schema": Harbour.model_json_schema()}])
async def test_an_answer_that_does_not_fit_is_written_to_parquet_as_text(
    sim: aijobs.Mock, backend: WatchedBackend, tmp_path: Path, asks: dict[str, Any]
) -> None:
    """One unfit answer among many keeps nobody from the file of all: it stands there as in an Arrow table."""
    sim.on().do(aijobs.ok('{"name": "Ash", "berths": "many"}').forever())
    sim.on(prompt="elm").do(aijobs.ok('{"name": "Elm", "berths": 7}').forever())
    batch = a_batch(backend, [{"task": "elm"}, {"task": "ash"}], **asks)
    await batch.run()
    file = pq.read_table(batch.write(tmp_path / "out.parquet"))
    assert file["berths"].to_pylist() == batch.to_arrow()["berths"].to_pylist() == ["7", "many"]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
async def test_files_have_the_fields_of_every_schema_where_rows_ask_for_different_ones(
    sim: aijobs.Mock, backend: WatchedBackend, tmp_path: Path, ending: str
) -> None:
    """What a row asks for itself has a column, though the first row did not ask for it."""
    schemas = [{"type": "object", "properties": {name: {"type": "integer"}}} for name in ("berths", "cranes")]
    rows = [{"task": task, "wants": wants} for task, wants in zip(["elm", "ash"], schemas, strict=True)]
    sim.on(prompt="elm").do(aijobs.ok('{"berths": 7}').forever())
    sim.on(prompt="ash").do(aijobs.ok('{"cranes": 2}').forever())
    batch = a_batch(backend, rows, output_schema="{wants}")
    await batch.run()
    elm, ash = open_rows(batch.write(tmp_path / f"out.{ending}"))
    assert [str(elm.get("berths")), str(ash.get("cranes"))] == ["7", "2"]
