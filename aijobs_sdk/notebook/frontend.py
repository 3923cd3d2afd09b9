"""Where we run: what a person would see of a widget, of HTML, or of a bar."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import Any, NamedTuple


class Frontend(StrEnum):
    """A place where something may be shown."""

    NOTEBOOK = "notebook"
    """JupyterLab or Notebook 7, with somebody before it: widgets live, and their buttons are heard."""
    VSCODE = "vscode"
    """Widgets come from the internet there, if at all."""
    COLAB = "colab"
    """What a thread shows does not reach the page."""
    EXECUTED = "executed"
    """A notebook run by a program, such as nbclient or papermill: nobody clicks, and only what is kept counts."""
    MARIMO = "marimo"
    TERMINAL = "terminal"
    PIPE = "pipe"
    """A file, a log, or another program reads."""

    @property
    def is_a_notebook(self) -> bool:
        """Whether IPython's display reaches a page."""
        return self in {Frontend.NOTEBOOK, Frontend.VSCODE, Frontend.COLAB, Frontend.EXECUTED}


def current_frontend() -> Frontend:
    """Return where this process runs, by what is loaded: it loads nothing itself."""
    shell = _shell()
    if shell is not None and _has_a_kernel(shell):
        return _kernel_frontend(shell)
    if "marimo" in sys.modules and sys.modules["marimo"].running_in_notebook():
        return Frontend.MARIMO
    return Frontend.TERMINAL if sys.stderr is not None and sys.stderr.isatty() else Frontend.PIPE


class CellRun(NamedTuple):
    """One run of a cell of a notebook."""

    cell: str
    request: str

    def clears(self, other: CellRun | None) -> bool:
        """Return whether what the other run had shown is gone: the same cell was run again."""
        return other is not None and other.cell == self.cell and other.request != self.request


def current_cell_run() -> CellRun | None:
    """Return the run that this code is part of; None where no page says which of its cells it runs."""
    shell = _shell()
    if shell is None or not _has_a_kernel(shell):
        return None
    asked = shell.kernel.get_parent()
    cell, request = asked.get("metadata", {}).get("cellId"), asked.get("header", {}).get("msg_id")
    return CellRun(cell, request) if cell and request else None


def is_at_a_prompt() -> bool:
    """Return whether somebody types commands, one after the other, into a terminal."""
    return hasattr(sys, "ps1")


def _has_a_kernel(shell: Any) -> bool:  # noqa: ANN401 - IPython is not loaded here
    kernel = getattr(shell, "kernel", None)
    session = getattr(kernel, "session", None)
    # A forked child has the kernel's memory, and no way to its page. Not every kernel has a session.
    return kernel is not None and getattr(session, "pid", os.getpid()) == os.getpid()


def _kernel_frontend(shell: Any) -> Frontend:  # noqa: ANN401 - as above
    if "google.colab" in sys.modules:
        return Frontend.COLAB
    if "__vsc_ipynb_file__" in shell.user_ns:
        return Frontend.VSCODE
    # Who runs a notebook without a person says that nobody will answer `input()`.
    asked = shell.kernel.get_parent().get("content", {})
    return Frontend.NOTEBOOK if asked.get("allow_stdin", True) else Frontend.EXECUTED


def _shell() -> Any | None:  # noqa: ANN401 - as above
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()
