"""The text one attempt writes, laid over what earlier attempts of the same job already showed their readers."""

from __future__ import annotations

from aijobs_sdk.contract.store import Text


class Answer:
    """Collects written text and says which update brings readers up to date.

    A retry that writes the same again publishes nothing until it is past what readers have; one that writes
    something else sends them back to where the two part.
    """

    def __init__(self, shown: str = "") -> None:
        self._ahead = shown
        """What readers have beyond this attempt's own position."""
        self._position = 0
        self._pending: list[str] = []
        self.pending_chars = 0

    def write(self, text: str) -> None:
        """Take more of the answer."""
        self._pending.append(text)
        self.pending_chars += len(text)

    def update(self) -> Text | None:
        """Return what readers need to have all that was written so far; None when they have it."""
        text = "".join(self._pending)
        self._pending.clear()
        self.pending_chars = 0
        same = _same_chars(text, self._ahead)
        self._position += same
        if same == len(text):
            self._ahead = self._ahead[same:]
            return None
        self._ahead = ""
        update = Text(text[same:], offset=self._position)
        self._position += len(update.text)
        return update

    def end(self) -> Text | None:
        """Return the last update, after which readers have the whole answer and nothing else."""
        update = self.update()
        if update is None and self._ahead:
            return Text("", offset=self._position)
        return update


def _same_chars(one: str, other: str) -> int:
    """Return how many characters the two have in common at their start."""
    differing = (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))
