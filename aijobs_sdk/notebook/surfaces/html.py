"""Draws on a page without widgets: an output that is shown once, and replaced by its display id from then on."""

from __future__ import annotations

import uuid

from IPython.display import display

from aijobs_sdk.notebook.static import to_html, to_text
from aijobs_sdk.notebook.view import View


class HtmlSurface:
    """An output of the cell that draws first; later it is found by its id, so that any thread may draw.

    What lies in it at any moment is what lasts: a notebook saved meanwhile shows how it stood.
    """

    most_per_second = 4.0  # each is half a millisecond of the kernel's, and laid out anew by the page

    def __init__(self, *, in_text: bool = False) -> None:
        self._in_text = in_text
        self._display_id = uuid.uuid4().hex
        self._is_shown = False

    def draw(self, view: View) -> None:
        """Show how it stands now."""
        bundle = {"text/plain": to_text(view)} if self._in_text else page_bundle(view)
        display(bundle, raw=True, display_id=self._display_id, update=self._is_shown)  # type: ignore[no-untyped-call]
        self._is_shown = True

    def finish(self, view: View) -> None:
        """Show how it ended."""
        self.draw(view)


def page_bundle(view: View) -> dict[str, str]:
    """Return what lasts in a notebook's file: a page, and text for who has none."""
    return {"text/html": to_html(view), "text/plain": to_text(view)}
