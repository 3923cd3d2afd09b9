"""Bars in a terminal: in one place, gone at the end, and never wider than it."""

from __future__ import annotations

import io
import threading
from decimal import Decimal

import pytest
from rich.console import Console

from aijobs_sdk.notebook.snapshot import Phase, Tail
from aijobs_sdk.notebook.surfaces.rich_bar import Bar, Bars, RichScreen, RichSurface
from aijobs_sdk.notebook.surfaces.tqdm_bar import TqdmSurface
from aijobs_sdk.notebook.view import View
from panels.views import batch_view, job_view

LARGE = batch_view(
    title="spring " * 20,
    total=1_000_000,
    completed=499_000,
    failed=1000,
    skipped=30_000,
    credits=Decimal("123456.789"),
    budget=Decimal(200_000),
    note="why it is paused and what to do about that " * 5,
    tail=Tail(label="row 500,000", text="a long answer\n" * 20),
)
ENDED = batch_view(phase=Phase.FINISHED, completed=3963, running=0, credits=Decimal(84))
LAST_LINE = "captions-v3: 4,000 of 4,000 rows, finished, 37 failed, 84.00 of 500.00 credits\n"
ERASED = "\x1b[2K"


def console(width: int = 80, **options: bool) -> Console:
    """Return a terminal that keeps what is written to it."""
    return Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, **options)  # type: ignore[arg-type]


def written(terminal: Console) -> str:
    assert isinstance(terminal.file, io.StringIO)
    return terminal.file.getvalue()


def lines_of(view: View, width: int = 80) -> list[str]:
    terminal = console(width)
    terminal.print(Bar(view))
    return [line.rstrip() for line in written(terminal).splitlines()]


def test_a_bar_says_all_there_is_to_say() -> None:
    bar = "━" * 9 + "─" * 21
    assert lines_of(batch_view()) == [
        f"{bar} 31 % captions-v3",
        "1,240 of 4,000 rows, 37 failed, 7 s left, 26.04 of 500.00 credits",
        "ok 1,203 · running 16 · rate 394.0 rows/s · tokens 1,004,210 in, 177,031 out",
        "projected 84.00",
        "22 x rate_limited, 15 x timeout",
        "row 1,240: …rrow boat lies at anchor below the bridge; on its deck a dog sleeps.",
    ]


@pytest.mark.parametrize("width", [20, 40, 80, 120])
@pytest.mark.parametrize("view", [LARGE, batch_view(), job_view()], ids=["large", "batch", "job"])
def test_no_line_of_a_bar_wraps(view: View, width: int) -> None:
    assert max(map(len, lines_of(view, width))) <= width
    assert len(lines_of(view, width)) == len(list(Bar(view).lines(console(width).options)))


@pytest.mark.parametrize(
    ("completed", "failed", "thick"), [(0, 0, 0), (2000, 0, 15), (2000, 2000, 30), (4000, 0, 30), (3999, 0, 29)]
)
def test_a_bar_grows_with_the_rows(completed: int, failed: int, thick: int) -> None:
    bar, *_ = lines_of(batch_view(completed=completed, failed=failed, running=0))
    assert (bar.count("━"), bar.count("─")) == (thick, 30 - thick)


def test_a_text_that_is_being_written_is_shown_from_its_end() -> None:
    *_, tail = lines_of(job_view(tail=Tail(label="answer", text="word " * 40 + "the end")), 40)
    assert tail.startswith("answer: …")
    assert tail.endswith("word the end")


def test_of_letters_that_are_two_columns_wide_the_end_is_shown_too() -> None:
    *_, tail = lines_of(job_view(tail=Tail(label="answer", text="漢字" * 60 + "終")), 40)
    assert tail == "answer: …" + "漢字" * 7 + "終"


def test_an_answer_that_goes_on_is_shown_from_its_beginning() -> None:
    *_, tail = lines_of(batch_view(tail=Tail(label="row 1", text="The beginning" + " word" * 40 + "…")), 40)
    assert tail.startswith("row 1: The beginning word")


def test_a_bar_is_gone_at_the_end_and_one_line_says_how_it_ended() -> None:
    terminal = console()
    surface = RichSurface(RichScreen(terminal))
    surface.draw(batch_view())
    surface.finish(ENDED)
    *_, left = written(terminal).split(ERASED)
    assert left.removeprefix("\x1b[?25h").removeprefix("\r") == LAST_LINE


def test_a_command_that_says_itself_how_it_ended_has_the_last_word() -> None:
    terminal = console()
    surface = RichSurface(RichScreen(terminal), tells_end=False)
    surface.draw(batch_view())
    surface.finish(ENDED)
    assert "finished" not in written(terminal)


def test_what_is_over_before_it_is_drawn_is_one_line() -> None:
    terminal = console()
    RichSurface(RichScreen(terminal)).finish(ENDED)
    assert written(terminal) == LAST_LINE


def test_two_bars_stand_below_each_other_in_whatever_order_they_end() -> None:
    screen = RichScreen(console())
    first, second = RichSurface(screen), RichSurface(screen)
    first.draw(batch_view(title="one"))
    second.draw(batch_view(title="two"))
    first.finish(ENDED)
    *_, left = written(screen.console).split(LAST_LINE)
    assert " 31 % two" in left
    assert "one" not in left
    second.finish(ENDED)
    assert written(screen.console).endswith(LAST_LINE)


def test_of_hundreds_only_those_are_looked_at_that_are_seen() -> None:
    terminal = console()
    terminal.print(Bars([batch_view()] * 5 + [None] * 300))  # type: ignore[list-item] # which nobody may look at
    assert len(written(terminal).splitlines()) == terminal.height + 1


def test_that_there_are_more_than_are_seen_is_shown() -> None:
    screen = RichScreen(console())
    first, *_ = surfaces = [RichSurface(screen) for _ in range(9)]
    for surface in surfaces:
        surface.draw(batch_view())
    first.draw(batch_view())
    *_, seen = written(screen.console).split(ERASED)
    assert seen.strip().splitlines()[-1].strip() == "..."


def test_what_is_printed_meanwhile_stands_above_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = console()
    monkeypatch.setattr("sys.stdout", terminal.file)
    monkeypatch.setattr(terminal.file, "isatty", lambda: True, raising=False)
    surface = RichSurface(RichScreen(terminal))
    surface.draw(batch_view())
    print("a line of the program's own")  # noqa: T201 - as a user does
    *_, last = written(terminal).split("a line of the program's own\n")
    surface.finish(ENDED)
    assert " 31 % captions-v3" in last


def test_what_goes_into_a_file_goes_there_while_a_bar_stands(capsys: pytest.CaptureFixture[str]) -> None:
    surface = RichSurface(RichScreen(console()))
    surface.draw(batch_view())
    print("a line of the program's own")  # noqa: T201 - as a user does
    surface.finish(ENDED)
    assert capsys.readouterr().out == "a line of the program's own\n"


class Terminal(io.StringIO):
    """What tqdm writes to."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_bar_of_tqdm_is_gone_at_the_end_and_one_line_says_how_it_ended() -> None:
    terminal = Terminal()
    surface = TqdmSurface(terminal)
    surface.draw(batch_view())
    surface.finish(ENDED)
    *_, left = terminal.getvalue().split("\r")
    assert left == LAST_LINE


def test_a_bar_of_tqdm_fits_its_line() -> None:
    terminal = Terminal()
    surface = TqdmSurface(terminal)
    surface.draw(LARGE)
    drawn = terminal.getvalue()
    surface.finish(ENDED)
    assert drawn.startswith("\r 53 % |██████████▌         | spring spring")
    assert max(map(len, drawn.split("\r"))) < 80


STEERING = job_view(message="half\x1b[2J of\nit")


def test_what_a_job_says_of_itself_moves_no_cursor() -> None:
    assert "42 %, half\\x1b[2J of it" in lines_of(STEERING)


def test_what_a_job_says_of_itself_moves_no_cursor_below_a_bar_of_tqdm() -> None:
    terminal = Terminal()

    TqdmSurface(terminal).draw(STEERING)

    assert "42 %, half\\x1b[2J of it" in terminal.getvalue()


@pytest.mark.parametrize("surface", [TqdmSurface(Terminal()), RichSurface(RichScreen(console()))], ids=["tqdm", "rich"])
def test_no_bar_has_a_thread_of_its_own(surface: TqdmSurface | RichSurface) -> None:
    before = set(threading.enumerate())
    surface.draw(batch_view())
    during = set(threading.enumerate())
    surface.finish(ENDED)
    assert during <= before  # those of other tests may end meanwhile
