"""How much a simulated model thinks before it answers."""

from __future__ import annotations

from collections.abc import Mapping

THINKING_TOKENS: Mapping[str, int] = {"none": 0, "minimal": 0, "low": 200, "medium": 600, "high": 1500, "xhigh": 3000}
"""By reasoning effort: own choice."""
