"""A notebook is kept in one form, in which a run that showed the same changes nothing."""

from __future__ import annotations

from nbformat import NotebookNode

from notebooks.form import node, normal, settled, text_of


def made_of(*cells: dict[str, object]) -> NotebookNode:
    return node({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def words(text: str) -> dict[str, object]:
    return {"cell_type": "markdown", "id": "drawn-by-chance", "metadata": {}, "source": text}


def a_cell(place: int, text: str) -> dict[str, object]:
    output = {"output_type": "stream", "name": "stdout", "text": text}
    return {**words(f"show({place})"), "cell_type": "code", "execution_count": place, "outputs": [output]}


def a_run(*texts: str) -> NotebookNode:
    return made_of(*[a_cell(place, text) for place, text in enumerate(texts, start=1)])


def texts(notebook: NotebookNode) -> list[str]:
    return [cell.outputs[0].text for cell in notebook.cells]


def test_a_run_that_shows_the_same_at_another_time_changes_nothing() -> None:
    kept = a_run("took 9.1 s", "http://127.0.0.1:41021", "01a219b1-babe-7250-ba15-024ef86aab0f")
    again = a_run("took 8.7 s", "http://127.0.0.1:39117", "01a219b4-2f9d-7302-a538-5d90a9857641")
    assert text_of(settled(again, kept)) == text_of(kept)


def test_a_run_that_shows_something_else_is_kept_as_it_is() -> None:
    assert texts(settled(a_run("12 rows", "13 rows"), a_run("12 rows", "12 rows"))) == ["12 rows", "13 rows"]


def test_a_cell_keeps_its_name_when_another_is_put_before_it() -> None:
    before = normal(a_run("a", "b"))
    longer = made_of(words("Look:"), *a_run("a", "b").cells)
    assert [cell.id for cell in normal(longer).cells[1:]] == [cell.id for cell in before.cells]


def test_equal_cells_have_names_of_their_own() -> None:
    twice = normal(made_of(words("same"), words("same")))
    assert twice.cells[0].id != twice.cells[1].id


def test_nothing_is_kept_of_widgets_times_and_numbers() -> None:
    notebook = a_run("a")
    notebook.metadata.update(widgets={"state": {}}, language_info={"name": "python", "version": "3.11.7"})
    notebook.cells[0].metadata["execution"] = {"iopub.status.busy": "2026-11-26T21:00:00Z"}
    kept = normal(notebook)
    assert set(kept.metadata) == {"kernelspec", "language_info"}
    assert "version" not in kept.metadata.language_info
    assert kept.cells[0].metadata == {}
    assert kept.cells[0].execution_count is None


def test_the_form_of_a_form_is_itself() -> None:
    once = normal(a_run("a", "b"))
    assert text_of(once) == text_of(normal(once))
