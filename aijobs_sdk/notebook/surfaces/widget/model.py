"""The widget itself: the state that the page draws, and what the page says back."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from anywidget import AnyWidget
from traitlets import Dict

from aijobs_sdk.notebook.snapshot import Command, Watched
from aijobs_sdk.notebook.view import View

_log = logging.getLogger("aijobs.notebook")
_here = files(__package__)


class PanelWidget(AnyWidget):
    """One panel. All that it draws is one value: a view is one message, and a page that is loaded later has it too."""

    # Text, not paths: anywidget may watch a path for changes, with a thread of its own.
    _esm = _here.joinpath("panel.js").read_text("utf-8")
    _css = _here.joinpath("panel.css").read_text("utf-8")
    view = Dict().tag(sync=True)
    lasting = Dict().tag(sync=True)
    """At the end, what is to stand in the notebook in the place of this widget."""

    def __init__(self, watched: weakref.ref[Watched], view: View) -> None:
        # ipywidgets keeps every widget; whether a batch that nobody has is kept is for its panel to say.
        self._watched = watched
        self.pages = 0
        """How many have drawn it: one, unless the page was loaded again, or there is a second tab."""
        self._presses: set[str] = set()
        super().__init__(view=_as_state(view))
        self.on_msg(self._hear)
        # Clicks are handled where the page sends them: ipykernel 7.4 would send them to the shell that published last,
        # which is the one of the cell that blocks.
        self.comm._reply_subshell_for = _where_it_was_sent  # noqa: SLF001 - it has no other name

    def show(self, view: View) -> None:
        """Send a view to the page."""
        self.view = _as_state(view)

    def end(self, view: View, lasting: Mapping[str, str]) -> None:
        """Send the last view, with what is to stand in the notebook; close as soon as a page has put it there.

        Until then whoever opens the notebook sees the panel, and has it put there.
        """
        if self.pages == 0:
            self.close()
            return
        with self.hold_sync():
            self.view = _as_state(view)
            self.lasting = {"id": self.model_id, "data": dict(lasting)}

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what makes a page draw it: data and metadata of an output."""
        return self._repr_mimebundle_() or ({}, {})

    def close(self) -> None:
        """Take it off the page, and leave nothing of it here."""
        layout = self.layout if self.comm is not None else None
        super().close()
        if layout is not None:  # a widget of its own, which ipywidgets would keep for ever
            layout.close()

    def _hear(self, _widget: object, content: object, _buffers: object) -> None:
        """Take in what the page says; in a thread of its own while a cell blocks."""
        match content:
            case {"op": "drawn"}:
                self.pages += 1
            case {"op": "kept"}:
                self.close()
            case {"op": "over"} if self.pages == 1:  # it saw the output come, and so was reached without our help
                self.close()
            case {"op": str(said), "press": str(press)} if said in set(Command):
                self._take(Command(said), press)
            case _:
                pass  # a page may say what only another version knows

    def _take(self, command: Command, press: str) -> None:
        """Do what was pressed, once: a page says it again until it knows that it was heard."""
        self.send({"heard": press})
        if press not in self._presses:
            self._presses.add(press)
            self._steer(command)

    def _steer(self, command: Command) -> None:
        watched = self._watched()
        if watched is None:
            return
        try:
            watched.steer(command)
        except Exception:  # noqa: BLE001 - ipywidgets would print it where no cell shows it
            _log.exception("What was clicked, %s, could not be done.", command)


def _where_it_was_sent(_data: object, subshell_id: str | None) -> str | None:
    return subshell_id


def _as_state(view: View) -> dict[str, Any]:
    return {**asdict(view), "is_final": view.is_final}
