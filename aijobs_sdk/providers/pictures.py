"""What a picture comes to before anybody draws it, by its model, its quality and its size."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

from aijobs_sdk.contract.model import Fact

Quality = Literal["low", "medium", "high"]
Size = Literal["1024x1024", "1024x1536", "1536x1024"]
"""Pixels, width first."""


class PictureFigures(Fact):
    """The figures of one model, with where they come from and the day that was looked at."""

    longest_prompt_chars: int
    output_tokens: Mapping[Quality, Mapping[Size, int]]
    """Of one picture."""
    source: str
    as_of: date


def picture_figures(model: str) -> PictureFigures:
    """Return the figures of a model, known or not."""
    known = _packaged()
    return known.get(model) or next(iter(known.values()))


@cache
def _packaged() -> Mapping[str, PictureFigures]:
    data = tomllib.loads(files(__package__).joinpath("pictures.toml").read_text("utf-8"))
    return {name: PictureFigures.model_validate(figures) for name, figures in data.items()}
