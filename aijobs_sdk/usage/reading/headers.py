"""What a header must say for the rows under it to be read."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aijobs_sdk.usage.columns import EXPORT_COLUMNS, USAGE_COLUMNS


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return a name for each field of `header`, in its order: an export column, once, or a place-holder."""
    names: list[str] = []
    for position, field in enumerate(header):
        name = field.strip().lower()
        names.append(name if name in EXPORT_COLUMNS and name not in names else f"unknown_{position}")
    return tuple(names)


def header_problem(header: Sequence[str], *, told: Collection[str]) -> str | None:
    """Return why rows under `header` cannot be read: a column missing that is not `told` otherwise, or there twice."""
    fields = [field.strip().lower() for field in header]
    missing = [column for column in USAGE_COLUMNS if column not in (*fields, *told)]
    twice = [column for column in EXPORT_COLUMNS if fields.count(column) > 1]
    problems = [f"the file has no column {', '.join(missing)}"] if missing else []
    problems += [f"the file has {', '.join(twice)} more than once"] if twice else []
    return "; ".join(problems) or None
