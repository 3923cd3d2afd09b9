"""Draws a bar in a terminal with rich: it stays below what is printed meanwhile, and no line of it ever wraps."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from aijobs_sdk.notebook.static import one_line, to_line
from aijobs_sdk.notebook.view import Shares, View

BAR_WIDTH = 30
_SAID_ABOVE = {"done", "failed", "skipped", "left", "credits", "budget", "stage"}
"""Facts that the summary holds, too."""


class RichScreen:
    """The end of a terminal, where the bars of all that is on show stand below each other."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._views: dict[RichSurface, View] = {}
        self._live: Live | None = None

    def draw(self, surface: RichSurface, view: View) -> None:
        """Draw one of the bars anew, below the others if it is new."""
        self._views[surface] = view
        if self._live is None:
            # What goes into a file while the bar stands in the terminal is to go there still.
            both = sys.stdout is not None and sys.stdout.isatty()
            self._live = Live(console=self.console, auto_refresh=False, transient=True, redirect_stdout=both)
            self._live.start()
        self._draw(self._live)

    def remove(self, surface: RichSurface) -> None:
        """Take one of the bars away."""
        if self._views.pop(surface, None) is None or self._live is None:
            return
        self._draw(self._live)
        if not self._views:
            self._live.stop()
            self._live = None

    def _draw(self, live: Live) -> None:
        live.update(Bars(list(self._views.values())), refresh=True)


class RichSurface:
    """A bar on standard error, which is gone at the end; then one line says how it ended, unless somebody else does."""

    most_per_second = 10.0

    def __init__(self, screen: RichScreen | None = None, *, tells_end: bool = True) -> None:
        self._screen = screen or _Process.screen()
        self._tells_end = tells_end

    def draw(self, view: View) -> None:
        """Show how it stands now."""
        self._screen.draw(self, view)

    def finish(self, view: View) -> None:
        """Take the bar away, and say how it ended."""
        self._screen.remove(self)
        if self._tells_end:
            self._screen.console.print(to_line(view), markup=False, highlight=False, soft_wrap=True)


def can_draw(console: Console | None = None) -> bool:
    """Return whether bars can be drawn there: on a terminal that moves its cursor, as a `dumb` one does not."""
    console = _Process.screen().console if console is None else console
    return console.is_terminal and not console.is_dumb_terminal and console.file.isatty()  # FORCE_COLOR makes none


class Bar:
    """A view as a few lines: a bar with its name, all of it in one line, and what there is besides."""

    def __init__(self, view: View) -> None:
        self._view = view

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.lines(options)

    def lines(self, options: ConsoleOptions) -> Iterator[Text]:
        """Yield them, none of which is ever longer than its place."""
        for line in _lines(self._view, options):
            line.no_wrap, line.overflow = True, "ellipsis"
            yield line


class Bars:
    """Views below each other, one line more than the terminal has at most: rich cuts that off, and shows that by dots.

    What is not seen of hundreds takes no time.
    """

    def __init__(self, views: Sequence[View]) -> None:
        self._views = views

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = chain.from_iterable(Bar(view).lines(options) for view in self._views)
        yield from islice(lines, console.height + 1)


class _Process:
    """Of this process: its terminal has one end."""

    _screen: RichScreen | None = None

    @classmethod
    def screen(cls) -> RichScreen:
        if cls._screen is None:
            cls._screen = RichScreen(Console(stderr=True, force_jupyter=False))
        return cls._screen


def _lines(view: View, options: ConsoleOptions) -> Iterator[Text]:
    width = options.max_width
    bar = _bar(view.shares, min(BAR_WIDTH, width // 2), is_ascii=options.ascii_only)
    yield bar.append(f" {view.percent} % ").append(one_line(view.title), "bold")
    yield Text(one_line(view.summary))
    others = (f"{label} {value}" for label, value in view.facts if label not in _SAID_ABOVE)
    yield from (Text(line, "dim") for line in _packed(others, width))
    if view.causes:
        yield Text(one_line(", ".join(cause.head for cause in view.causes)), "red")
    if view.note:
        yield Text(one_line(view.note), "yellow")
    if view.tail:
        yield Text(
            f"{view.tail_label}: {_end_of(one_line(view.tail), width - cell_len(view.tail_label) - 2)}", "italic"
        )


def _end_of(text: str, room: int) -> str:
    """Return what was written last, where it is being written; a text that goes on begins where it did."""
    if cell_len(text) <= room or room <= 1 or text.endswith("…"):
        return text
    ends = (text[at:] for at in range(max(len(text) - room + 1, 0), len(text)))
    return f"…{next((end for end in ends if cell_len(end) < room), '')}"


def _bar(shares: Shares, width: int, *, is_ascii: bool) -> Text:
    """Return so many characters: thick for what is over, thin for what is not."""
    thick, thin = ("#", "-") if is_ascii else ("━", "─")
    bar, at, upto = Text(), 0, 0.0
    parts = ((shares.completed, "green"), (shares.failed, "red"), (shares.skipped, "bright_black"))
    for share, style in parts:
        upto += share
        end = min(int(upto * width + 1e-9), width)
        bar.append(thick * (end - at), style)
        at = end
    running = min(int((upto + shares.running) * width + 1e-9), width)
    return bar.append(thin * (running - at), "cyan").append(thin * (width - running), "dim")


def _packed(parts: Iterable[str], width: int) -> Iterator[str]:
    """Yield lines of as many parts as there is room for in each."""
    line = ""
    for part in parts:
        longer = f"{line} · {part}" if line else part
        if cell_len(longer) > width and line:
            yield line
            line = part
        else:
            line = longer
    if line:
        yield line
