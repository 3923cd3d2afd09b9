"""Answers as objects, of whatever class a notebook has at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs
from batch.batch_worlds import WatchedBackend, a_batch

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
