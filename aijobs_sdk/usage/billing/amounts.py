"""Exact amounts: how users write them, and how they are reckoned with."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field


def _exact(value: object) -> object:
    if isinstance(value, float | bool):
        raise ValueError('must be a whole number or in quotes, such as "0.05": a float is not exact')  # noqa: TRY004 - pydantic reports ValueErrors
    return value


Amount = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, allow_inf_nan=False, max_digits=24, decimal_places=12)]
"""Money, or credits, as somebody wrote it down."""

EXACT = Context(prec=100)
"""Wide enough for every product and sum here, so that nothing is rounded but where the code says so."""
