"""Draws `docs/demo.svg`: what `aijobs demo` leaves on the screen. `python docs/draw_demo.py`."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from aijobs_sdk.cli.demo import run_demo

if __name__ == "__main__":
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True, highlight=False)
    run_demo(console, clock="virtual")
    drawn = console.export_svg(title="aijobs demo")
    # The font would be fetched from the web by whoever looks at the picture: the reader's own will do.
    Path(__file__).with_name("demo.svg").write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL))
