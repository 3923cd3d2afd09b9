"""How far a batch is while a command runs it: a bar in a terminal, lines now and then in a log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from rich.console import Console

from aijobs_sdk.client.batch import Batch
from aijobs_sdk.notebook.hub import hub
from aijobs_sdk.notebook.panel import Panel
from aijobs_sdk.notebook.surface import Surface
from aijobs_sdk.notebook.surfaces.lines import LinesSurface
from aijobs_sdk.notebook.surfaces.rich_bar import RichScreen, RichSurface, can_draw


def watched(batch: Batch, *, quiet: bool = False) -> AbstractContextManager[object]:
    """Show on standard error how far a batch is while the block runs; a log is told of what takes its time."""
    if quiet:
        return nullcontext()
    return bar(batch) if can_draw(Console(stderr=True)) else _drawn(batch, LinesSurface(says_at_once=False))


def bar(batch: Batch) -> AbstractContextManager[object]:
    """Show a bar, which is gone when the block is over; nothing where none can be drawn."""
    console = Console(stderr=True)
    screen = RichScreen(console)
    return _drawn(batch, RichSurface(screen, tells_end=False)) if can_draw(console) else nullcontext()


@contextmanager
def _drawn(batch: Batch, surface: Surface) -> Iterator[None]:
    panel = Panel(batch.on_show, surface)
    hub.add(panel)
    try:
        yield
    finally:
        hub.finish(panel)
