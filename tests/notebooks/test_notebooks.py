"""The notebooks run as they are kept: offline, each in a fresh kernel, in a clean place that they leave clean."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from nbformat import NotebookNode

from notebooks.form import node, read, shown, text_of
from notebooks.run import named, run, run_all

PATHS = named()
every_notebook = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])
pytestmark = pytest.mark.timeout(400)  # whoever is first waits for all of them


class Run(NamedTuple):
    ended: NotebookNode | BaseException
    left_behind: list[Path]


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[Path, Run]]:
    with TemporaryDirectory(prefix="notebooks-") as folder:
        ended = asyncio.run(run_all(PATHS, Path(folder)))
        left = [[*Path(folder, path.stem, "work").iterdir(), *of_programs(Path(folder, path.stem))] for path in PATHS]
        yield dict(zip(PATHS, map(Run, ended, left), strict=True))


def of_programs(folder: Path) -> Iterator[Path]:
    return (folder / "temporary").iterdir()


def links(notebook: NotebookNode) -> list[str]:
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return re.findall(r"\]\(([^)]+)\)", "\n".join(texts))


@every_notebook
def test_a_notebook_runs_from_top_to_bottom_and_shows_what_is_kept(path: Path, runs: dict[Path, Run]) -> None:
    ended = runs[path].ended
    assert isinstance(ended, NotebookNode), ended
    assert shown(ended) == shown(read(path))


@every_notebook
def test_a_notebook_leaves_no_file_behind(path: Path, runs: dict[Path, Run]) -> None:
    assert runs[path].left_behind == []


@every_notebook
def test_a_notebook_is_kept_in_its_one_form(path: Path) -> None:
    """Red: `python -m notebooks.run`, with the notebook's number, writes it."""
    assert path.read_text("utf-8") == text_of(read(path))


@every_notebook
def test_a_notebook_says_first_what_it_teaches_and_where_one_comes_from(path: Path) -> None:
    heading, teaches, way = read(path).cells[0].source.split("\n\n")
    assert heading.startswith("# ")
    assert 2 <= len(re.findall(r"\.(?:\s|$)", teaches)) <= 3
    assert "(../README.md)" in way


@every_notebook
def test_a_notebook_says_last_what_to_read_next(path: Path) -> None:
    assert read(path).cells[-1].source.startswith("## Next\n\n- [")


@every_notebook
def test_links_of_a_notebook_lead_somewhere(path: Path) -> None:
    targets = [link.partition("#")[0] for link in links(read(path))]
    assert [target for target in targets if not (path.parent / target).is_file()] == []


@every_notebook
def test_what_a_notebook_shows_names_no_other_machine(path: Path) -> None:
    hosts = re.findall(r"https?://([\w.-]+)", "".join(shown(read(path))))
    assert set(hosts) <= {"127.0.0.1"}


def test_each_notebook_leads_to_the_next() -> None:
    following = [links(read(path)) for path in PATHS]
    assert len(PATHS) == 8
    assert all(later.name in found for found, later in zip(following, PATHS[1:], strict=False))


def test_a_run_reaches_no_other_machine(tmp_path: Path) -> None:
    asking = "import urllib.request\ntry:\n    urllib.request.urlopen('http://192.0.2.1')\nexcept OSError as error:\n"
    cell = {"cell_type": "code", "metadata": {}, "source": f"{asking}    print(error)", "outputs": []}
    notebook = node({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    ended = asyncio.run(run(notebook, tmp_path))
    assert "Mock mode is offline" in ended.cells[0].outputs[0].text
