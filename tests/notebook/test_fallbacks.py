"""Whatever is installed, and whoever looks: at the end the same numbers, in the same words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from panels.kernel import Kernel, running_kernel
from panels.terminal import last_line, run_in_a_pipe, run_in_a_terminal

LAST_LINE = "captions-v3: 4,000 of 4,000 rows, finished, 37 failed, 84.00 of 500.00 credits"
UNHIDDEN = "import sys\n[sys.modules.pop(name, None) for name in ('anywidget',) if sys.modules.get(name, 0) is None]"


def watching(*hidden: str, display: str = "auto") -> str:
    """Return code that watches a batch to its end where these libraries are not installed."""
    return f"""
import sys
sys.modules.update(dict.fromkeys({hidden!r}))
from decimal import Decimal
from aijobs_sdk.notebook.display import set_display
from aijobs_sdk.notebook.hub import hub
from aijobs_sdk.notebook.show import show
from aijobs_sdk.notebook.snapshot import Phase
from panels.shown import Shown
set_display({display!r})
shown = Shown()
show(shown)
shown.stand(phase=Phase.FINISHED, completed=3963, running=0, credits=Decimal(84))
hub.look_now(shown)
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with running_kernel() as kernel:
        yield kernel


RICH, TQDM, LINES = " 31 % captions-v3", " 31 % |", "captions-v3: 1,240 of 4,000 rows"


@pytest.mark.parametrize(
    ("hidden", "display", "live"),
    [
        ((), "auto", RICH),
        (("rich",), "auto", TQDM),
        (("rich", "tqdm"), "auto", LINES),
        ((), "tqdm", TQDM),
        (("tqdm",), "tqdm", RICH),
        ((), "plain", LINES),
        ((), "widget", RICH),
    ],
)
def test_a_terminal_ends_with_the_same_numbers(hidden: tuple[str, ...], display: str, live: str) -> None:
    written = run_in_a_terminal(watching(*hidden, display=display))
    assert live in written.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert last_line(written) == LAST_LINE


@pytest.mark.parametrize("display", ["auto", "rich"])
def test_a_terminal_that_moves_no_cursor_is_told_in_lines(display: str) -> None:
    first, last = run_in_a_terminal(watching(display=display), term="dumb").splitlines()
    assert first.startswith(LINES)
    assert last == LAST_LINE


@pytest.mark.parametrize("display", ["auto", "rich", "html"])
def test_a_log_ends_with_the_same_numbers(display: str) -> None:
    first, last = run_in_a_pipe(watching(display=display)).splitlines()
    assert first.startswith(LINES)
    assert last == LAST_LINE


@pytest.mark.parametrize(
    ("hidden", "display", "live"),
    [
        ((), "auto", {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}),
        (("anywidget",), "auto", {"text/html", "text/plain"}),
        (("anywidget",), "widget", {"text/html", "text/plain"}),
        ((), "html", {"text/html", "text/plain"}),
        ((), "plain", {"text/plain"}),
        ((), "rich", {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}),
    ],
)
def test_a_notebook_ends_with_the_same_numbers(
    kernel: Kernel, hidden: tuple[str, ...], display: str, live: set[str]
) -> None:
    kernel.run(UNHIDDEN)
    shown = [one for one in kernel.run(watching(*hidden, display=display)) if "display_data" in one.kind]
    first, last = shown[0].content["data"], shown[-1].content["data"]
    assert set(first) == live
    assert set(last) == live - {"application/vnd.jupyter.widget-view+json"}
    assert last["text/plain"].splitlines()[0] == LAST_LINE


def test_who_wants_nothing_shown_sees_nothing(kernel: Kernel) -> None:
    assert kernel.run(watching(display="off")) == []
    assert run_in_a_pipe(watching(display="off")) == ""


@pytest.mark.parametrize(
    "code", ["import aijobs_sdk", "import aijobs_sdk\naijobs_sdk.set_display", "import aijobs_sdk.notebook.show"]
)
def test_who_shows_nothing_loads_no_library_for_it(code: str) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"anywidget", "ipywidgets", "IPython", "rich", "tqdm"}.isdisjoint(loaded)


def test_at_a_prompt_it_is_said_once_how_things_stand() -> None:
    written = run_in_a_terminal(f"import sys\nsys.ps1 = '>>> '\n{watching()}")
    assert written == "captions-v3: 1,240 of 4,000 rows, 37 failed, 26.04 of 500.00 credits, running\r\n"
