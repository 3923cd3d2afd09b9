"""The one form in which notebooks are kept: a run that shows the same leaves the same bytes, and a diff can be read."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
MOST_TEXT = 400
"""Characters of the text beside what is shown as HTML: nobody reads it, but whoever looks at a diff."""

_PLACES = (re.compile(r"file:///[^\s'\"]+/"), "file:///…/")
# Another at each run, though the run was the same: ids, ports, the time of day, how long it took. What is simulated in
# virtual time happens in January 2026, and is the same to the second.
_VOLATILE = (
    re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]*)*(?![0-9a-f])"),  # also the beginning of an id
    re.compile(r"\bas of \d\d:\d\d:\d\d"),
    re.compile(r"(?<=\b127\.0\.0\.1:)\d{4,5}"),
    re.compile(r"\b\d+(\.\d+)? (s|min)\b|\b\d\d:\d\d UTC\b|(?<=:\d\d)\.\d{6}\b"),
    re.compile(r"\b20(?!26-01)\d\d-\d\d(-\d\d)?\b"),
    re.compile(r"\bdatetime\((?!2026, 1,)[^)]*\)"),
)


def node(values: dict[str, Any]) -> NotebookNode:
    """Return a notebook, or a part of one, from what its JSON holds."""
    made: NotebookNode = nbformat.from_dict(values)  # type: ignore[no-untyped-call]
    return made


def read(path: Path) -> NotebookNode:
    """Return the notebook of a file."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def text_of(notebook: NotebookNode) -> str:
    """Return a notebook as it is written to its file."""
    return f"{nbformat.writes(normal(notebook), version=4)}\n"  # type: ignore[no-untyped-call]


def normal(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook without what hangs on the program or the machine that wrote it."""
    cells = [_cell(cell) for cell in notebook.cells]
    for cell, name in zip(cells, _names(cells), strict=True):
        cell["id"] = name
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return node({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def settled(run: NotebookNode, kept: NotebookNode) -> NotebookNode:
    """Return a run in normal form, with the outputs that are kept where it showed the same."""
    run, known = normal(run), {cell.id: cell for cell in normal(kept).cells}
    for cell in run.cells:
        if cell.id in known and _shown(cell) == _shown(known[cell.id]):
            cell.update(known[cell.id])
    return run


def shown(notebook: NotebookNode) -> list[str]:
    """Return what each cell shows, in text, without what is another at each run."""
    return [_shown(cell) for cell in normal(notebook).cells]


def _shown(cell: NotebookNode) -> str:
    text = json.dumps(cell.get("outputs", []), ensure_ascii=False, sort_keys=True)
    for pattern in _VOLATILE:
        text = pattern.sub("…", text)
    return text


def _names(cells: list[NotebookNode]) -> list[str]:
    """Return a name for each cell that stays while those around it change; JupyterLab draws them by chance."""
    names: list[str] = []
    for cell in cells:
        name = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        names.append(f"{name}-{len(names)}" if name in names else name)
    return names


def _cell(cell: NotebookNode) -> NotebookNode:
    kept: dict[str, Any] = {"cell_type": cell.cell_type, "metadata": {}, "source": cell.source.rstrip()}
    if cell.cell_type == "code":
        # A number would change in all cells behind one that was put in.
        kept |= {"execution_count": None, "outputs": [_output(one) for one in cell.outputs]}
    return node(kept)


def _output(output: NotebookNode) -> NotebookNode:
    kept = node(output)
    if "execution_count" in kept:
        kept["execution_count"] = None
    if "data" in kept:
        kept["metadata"] = {}
        kept["data"] = {mime: _content(mime, content, kept.data) for mime, content in kept.data.items()}
    return kept


def _content(mime: str, content: object, beside: NotebookNode) -> object:
    if not isinstance(content, str):
        return content
    content = _PLACES[0].sub(_PLACES[1], content)
    if mime == "text/plain" and "text/html" in beside and len(content) > MOST_TEXT:
        return f"{content[:MOST_TEXT]}…"
    return content
