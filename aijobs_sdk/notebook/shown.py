"""What shows itself: when it is asked to, as what a cell ends with, and in a notebook that is kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from aijobs_sdk.notebook.show import living, show, show_as_output, still
from aijobs_sdk.notebook.snapshot import Watched


class Followed(Watched, Protocol):
    """Something on show that learns by itself how it goes on."""

    def follow(self) -> None:
        """Learn from here on what becomes of it, wherever it runs; where that is known, nothing is asked."""
        ...


class ShowsItself(ABC):
    """A job or a batch, as a notebook displays it."""

    __slots__ = ()

    @property
    @abstractmethod
    def on_show(self) -> Followed:
        """How it stands, and what may be asked of it, for who draws that; the same object each time."""

    def show(self) -> None:
        """Show how far it is, live, below the current cell or on standard error, and return at once."""
        shown = self._shown_from_here()
        show(shown)
        shown.follow()

    def _ipython_display_(self) -> None:
        shown = self._shown_from_here()
        show_as_output(shown)
        shown.follow()

    def _display_(self) -> object:
        shown = self._shown_from_here()
        shown.follow()
        return living(shown)

    def _repr_html_(self) -> str:
        return still(self.on_show)

    def _shown_from_here(self) -> Followed:
        return self.on_show
