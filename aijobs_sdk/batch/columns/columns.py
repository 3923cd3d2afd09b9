"""Which columns rows have, and of which kinds: learnt as they pass, and kept for whoever writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue

from aijobs_sdk.batch.columns.kind_json import kind_from_json, kind_to_json
from aijobs_sdk.batch.columns.kinds import NOTHING, Kind, covers, either, kind_of


class Columns:
    """Columns in the order in which they appeared."""

    def __init__(self, kinds: Mapping[str, Kind] | None = None) -> None:
        self._kinds = dict(kinds or {})

    @property
    def names(self) -> tuple[str, ...]:
        """All there are."""
        return tuple(self._kinds)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """What each of them holds."""
        return self._kinds

    def note(self, row: Mapping[str, object]) -> None:
        """Take account of one more row."""
        kinds = self._kinds
        for name, value in row.items():
            kind = kinds.get(name)
            if kind is None or not covers(kind, value):
                kinds[name] = either(kind or NOTHING, kind_of(value))

    def join(self, others: Columns) -> None:
        """Take account of others: a column that both have is of either kind."""
        for name, kind in others.kinds.items():
            self._kinds[name] = either(self._kinds.get(name, NOTHING), kind)

    def to_json(self) -> dict[str, JsonValue]:
        """Return them as a journal keeps them, in their order."""
        return {"columns": [[name, kind_to_json(kind)] for name, kind in self._kinds.items()]}

    @classmethod
    def from_json(cls, written: Mapping[str, JsonValue]) -> Columns:
        """Return the columns that were written so.

        Raises:
            ValueError: nobody writes this.
        """
        pairs = cast("list[tuple[str, JsonValue]]", written["columns"])
        return cls({name: kind_from_json(kind) for name, kind in pairs})
