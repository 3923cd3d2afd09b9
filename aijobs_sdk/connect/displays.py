"""What progress is shown with, as AIJOBS_DISPLAY asks for it."""

from __future__ import annotations

from collections.abc import Mapping

from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.shapes import nearest
from aijobs_sdk.notebook.display import Display, suggest_display


def suggest_displays(environment: Mapping[str, str]) -> None:
    """Have progress shown with what AIJOBS_DISPLAY names, unless the program has chosen; unset, what suits the place.

    Raises:
        ConfigurationError: there is no such display.
    """
    name = environment.get("AIJOBS_DISPLAY", "").strip().lower()
    try:
        suggest_display(Display(name) if name else None)
    except ValueError:
        raise ConfigurationError(f"AIJOBS_DISPLAY must be a display.{nearest(name, Display)}") from None
