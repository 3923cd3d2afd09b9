"""How do I ask from a cell? `%load_ext aijobs_sdk` brings `%%aijobs` and `%aijobs_usage`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Register the magics; IPython calls this."""
    from aijobs_sdk.ipython_extension.magics import register_magics  # noqa: PLC0415 - who lists our names need not have IPython

    register_magics(ipython)
