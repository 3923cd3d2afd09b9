"""All checks of compatibility, in the order of the table."""

from __future__ import annotations

from collections.abc import Sequence

from simulation.compat import anthropic_checks, bedrock_checks, google_checks, openai_checks
from simulation.compat.check import Check, Surface

SURFACES: Sequence[Surface] = (
    openai_checks.CHAT,
    openai_checks.RESPONSES,
    openai_checks.OTHERS,
    openai_checks.ERRORS,
    anthropic_checks.MESSAGE,
    anthropic_checks.OTHERS,
    anthropic_checks.ERRORS,
    bedrock_checks.BEDROCK,
    bedrock_checks.BOTO,
    google_checks.GEMINI,
    google_checks.VERTEX,
    google_checks.ERRORS,
)
CHECKS: Sequence[Check] = [check for surface in SURFACES for check in surface.checks]
