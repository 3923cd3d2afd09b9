"""The named statements: one question a file of SQL."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """Return the text of `sql/<name>.sql`, such as "report/monthly". Each file opens with the question it answers."""
    return files("aijobs_sdk.usage").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
