"""Makes notebooks of cells, and opens them for as long as a `with` block lasts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from textwrap import dedent
from typing import Any, Protocol

from playwright.sync_api import Browser

from services.jupyter import JupyterServer
from services.open_notebook import Interface, OpenNotebook

KERNELSPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}
_numbers = count(1)


class Open(Protocol):
    """Opens a notebook of these cells, with these outputs below some of them."""

    def __call__(
        self,
        *cells: str,
        outputs: Mapping[int, Sequence[Mapping[str, Any]]] | None = None,
    ) -> OpenNotebook:
        """Return it once its kernel is ready."""
        ...


@contextmanager
def opening(browser: Browser, server: JupyterServer, interface: Interface = Interface.LAB) -> Iterator[Open]:
    """Let notebooks be opened; afterwards their kernels end."""
    opened: list[OpenNotebook] = []

    def open_it(
        *cells: str,
        outputs: Mapping[int, Sequence[Mapping[str, Any]]] | None = None,
    ) -> OpenNotebook:
        name = f"notebook_{next(_numbers)}.ipynb"
        (server.notebooks / name).write_text(notebook_of(cells, outputs))
        opened.append(OpenNotebook(browser, server, name, interface))
        return opened[-1]

    try:
        yield open_it
    finally:
        for notebook in opened:
            notebook.close()
            server.end_kernel_of(notebook.path)


def notebook_of(cells: Sequence[str], outputs: Mapping[int, Sequence[Mapping[str, Any]]] | None = None) -> str:
    """Return the file of a notebook with these cells, and below some of them what they have shown."""
    made: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": list((outputs or {}).get(number, [])),
            "source": dedent(source).strip(),
        }
        for number, source in enumerate(cells)
    ]
    # Without the name of a kernel the page asks for one, and nothing runs.
    return json.dumps({"cells": made, "metadata": {"kernelspec": KERNELSPEC}, "nbformat": 4, "nbformat_minor": 5})
