"""The list of prices that LiteLLM keeps, `model_prices_and_context_window.json`, as data: the library is not needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import NoReturn, TypeAlias

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.providers.prices import Price, today

_PLACES = Decimal("1e-12")
_DEAREST = 1_000
_DRAWING = ("image_generation", "image_edit")

Json: TypeAlias = object
"""What a JSON file holds, not looked at yet."""


def litellm_prices(path: Path) -> Iterator[tuple[str, str, Price]]:
    """Yield provider, model and price of each entry that is priced by the token.

    Left out are entries priced in another way (by the picture, the second, the page), and those that say 0 for all: it
    stands there for what is free and for what is not known, and what is not known is never taken as free.

    Raises:
        InvalidRequestError: the file cannot be read, or an entry in it is none; the message names entry and field.
    """
    for name, entry in _entries(path):
        provider = entry.get("litellm_provider")
        price = _price(path, name, entry)
        if isinstance(provider, str) and price is not None:
            yield provider, name, price


def _price(path: Path, name: str, entry: Mapping[str, Json]) -> Price | None:
    read = _usd(path, name, entry, "input_cost_per_token")
    written = _usd(path, name, entry, "output_cost_per_token")
    if entry.get("mode") in _DRAWING:
        written = _usd(path, name, entry, "output_cost_per_image_token") or written
    if read is None or written is None or not (read or written):
        return None
    is_tiered = any(field.startswith("input_cost_per_token_above_") for field in entry)
    return Price(
        input=read,
        output=written,
        cached_input=_usd(path, name, entry, "cache_read_input_token_cost"),
        source=f"{path.name}, for short prompts" if is_tiered else path.name,
        as_of=today(),
    )


def _usd(path: Path, name: str, entry: Mapping[str, Json], field: str) -> Decimal | None:
    """Return dollars per million tokens. What lies beyond 12 places is noise of the floats that the list is made of."""
    value = entry.get(field)
    if value is None:
        return None
    if not isinstance(value, Decimal | int) or isinstance(value, bool) or not 0 <= value <= _DEAREST:
        raise InvalidRequestError(
            f'Cannot use {path}: "{name}", `{field}` must be a number of dollars, from 0 to {_DEAREST:,} for a token, '
            f"got {shape_of(value)}."
        )
    return Decimal(value).scaleb(6).quantize(_PLACES, rounding=ROUND_HALF_EVEN).normalize()


def _entries(path: Path) -> Iterator[tuple[str, Mapping[str, Json]]]:
    listed = _read(path)
    if not isinstance(listed, Mapping):
        raise InvalidRequestError(f"Cannot use {path}: it must be an object, model by model, got {shape_of(listed)}.")
    for name, entry in listed.items():
        if not isinstance(entry, Mapping):
            raise InvalidRequestError(f'Cannot use {path}: "{name}" must be an object, got {shape_of(entry)}.')
        yield name, entry


def _read(path: Path) -> Json:
    try:
        return json.loads(path.read_text("utf-8"), parse_float=Decimal, parse_constant=_no_number)
    except OSError as error:
        raise InvalidRequestError(f"Cannot read {path}: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:  # no JSON, or no UTF-8
        raise InvalidRequestError(f"Cannot use {path}: it is no JSON file: {error}.") from None


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
