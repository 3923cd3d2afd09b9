"""Where we run is told from what is loaded, in real kernels, a terminal, a pipe, and a forked child."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

from aijobs_sdk.notebook.frontend import Frontend, current_frontend
from panels.kernel import running_kernel
from panels.terminal import last_line, run_in_a_pipe, run_in_a_terminal

ASKED = """
from aijobs_sdk.notebook.frontend import current_frontend
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
import sys
with ThreadPoolExecutor() as threads:
    in_a_thread = threads.submit(current_frontend).result()
def child(answers):
    answers.put(str(current_frontend()))
answers = get_context("fork").Queue()
get_context("fork").Process(target=child, args=[answers]).start()
it = f"{current_frontend()} {in_a_thread} {answers.get(timeout=30)}"
"""
TOLD = """
import sys
from aijobs_sdk.notebook.frontend import current_frontend, is_at_a_prompt
print(current_frontend(), is_at_a_prompt(), file=sys.stderr)
"""


def test_a_notebook_that_somebody_sits_before() -> None:
    with running_kernel() as kernel:
        kernel.run(ASKED)
        assert kernel.value() == "'notebook notebook pipe'"


def test_a_notebook_that_a_program_runs() -> None:
    cell = nbformat.v4.new_code_cell(f"{ASKED}\nit")  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=60).execute()
    assert notebook.cells[0].outputs[0]["data"]["text/plain"] == "'executed executed pipe'"


def test_a_pipe() -> None:
    assert run_in_a_pipe(TOLD) == "pipe False\n"


def test_a_terminal() -> None:
    assert last_line(run_in_a_terminal(TOLD)) == "terminal False"


def test_a_program_without_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    assert current_frontend() is Frontend.PIPE


@pytest.fixture
def namespace(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The names of a user in a kernel that has no session, as some have none."""
    names: dict[str, object] = {}
    shell = SimpleNamespace(kernel=SimpleNamespace(get_parent=dict), user_ns=names)
    ipython = ModuleType("IPython")
    vars(ipython)["get_ipython"] = lambda: shell
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    return names


def test_a_kernel_of_another_kind(namespace: dict[str, object]) -> None:
    assert not namespace
    assert current_frontend() is Frontend.NOTEBOOK


def test_vs_code(namespace: dict[str, object]) -> None:
    namespace["__vsc_ipynb_file__"] = "/home/mei/report.ipynb"
    assert current_frontend() is Frontend.VSCODE


@pytest.mark.usefixtures("namespace")
def test_colab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    assert current_frontend() is Frontend.COLAB


@pytest.mark.parametrize(("running", "frontend"), [(True, Frontend.MARIMO), (False, Frontend.PIPE)])
def test_marimo(monkeypatch: pytest.MonkeyPatch, running: bool, frontend: Frontend) -> None:
    marimo = ModuleType("marimo")
    vars(marimo)["running_in_notebook"] = lambda: running
    monkeypatch.setitem(sys.modules, "marimo", marimo)
    assert current_frontend() is frontend
