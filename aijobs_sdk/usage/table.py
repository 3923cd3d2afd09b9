"""A table of answers: in a notebook a table, in a terminal text, and on request a frame of another library."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.contract.showing import counted
from aijobs_sdk.markup import element, markup, table
from aijobs_sdk.usage.columns import amount_text

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import polars
    import pyarrow as pa

_SHOWN_ROWS = 60
_MOST_DIGITS = 38  # of a DECIMAL, in Arrow and in DuckDB alike
_LARGEST_INTEGER = 2**63 - 1


@dataclass(frozen=True, repr=False)
class UsageTable:
    """Named columns and rows of values, in a fixed order. Amounts are `Decimal`."""

    columns: tuple[str, ...]
    cells: tuple[tuple[object, ...], ...]
    """The values, row by row."""

    @property
    def rows(self) -> list[Mapping[str, object]]:
        """Each row as its values by column name.

        Raises:
            InvalidRequestError: two columns have one name; `cells` has them all.
        """
        self._check_names()
        return [dict(zip(self.columns, values, strict=True)) for values in self.cells]

    def df(self) -> pd.DataFrame:
        """Return a pandas DataFrame; amounts stay exact `Decimal` objects, without the zeros that say nothing.

        Raises:
            ConfigurationError: pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - optional, and slow to import
        except ModuleNotFoundError as error:
            raise ConfigurationError(_needs("df()", "pandas")) from error
        cells = [[_trimmed(value) for value in values] for values in self.cells]
        return pd.DataFrame(cells, columns=list(self.columns))

    def pl(self) -> polars.DataFrame:
        """Return a polars DataFrame; amounts are of its type Decimal, ids are text.

        Raises:
            ConfigurationError: polars is not installed.
            InvalidRequestError: two columns have one name.
        """
        try:
            import polars as pl  # noqa: PLC0415 - optional, and slow to import
        except ModuleNotFoundError as error:
            raise ConfigurationError(_needs("pl()", "polars")) from error
        return pl.DataFrame({name: pl.Series(values) for name, values in self._columns_of_values()})

    def arrow(self) -> pa.Table:
        """Return an Arrow table; amounts are decimal128 with all their places, ids are text.

        Raises:
            ConfigurationError: pyarrow is not installed.
            InvalidRequestError: two columns have one name.
        """
        try:
            import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
        except ModuleNotFoundError as error:
            raise ConfigurationError(_needs("arrow()", "pyarrow")) from error
        inferred = pa.Table.from_pydict(dict(self._columns_of_values()))
        return inferred.cast(pa.schema([_widest(field) for field in inferred.schema]))

    def relation(self) -> duckdb.DuckDBPyRelation:
        """Return a DuckDB relation over this answer, in a database of its own in memory: filter it, join it, ask on.

        Raises:
            ConfigurationError: DuckDB or pyarrow is not installed.
            InvalidRequestError: two columns have one name.
        """
        try:
            import duckdb  # noqa: PLC0415 - optional, and slow to import
        except ModuleNotFoundError as error:
            raise ConfigurationError(_needs("relation()", "duckdb")) from error
        return duckdb.connect().from_arrow(self.arrow())

    def _check_names(self) -> None:
        """Refuse what would have one of two columns of one name, and lose the other."""
        for name, count in Counter(self.columns).items():
            if count > 1:
                raise InvalidRequestError(f"More than one column is called {name!r}. Name them apart with AS.")

    def _columns_of_values(self) -> Iterator[tuple[str, list[object]]]:
        self._check_names()
        for index, name in enumerate(self.columns):
            yield name, _carried([row[index] for row in self.cells])

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Mapping[str, object]]:
        return iter(self.rows)

    def __str__(self) -> str:
        return "\n".join([*text_lines(self.columns, self.cells[:_SHOWN_ROWS]), *self._rest()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown = self.cells[:_SHOWN_ROWS]
        numbers = {name for name, right in zip(self.columns, _to_the_right(self.columns, shown), strict=True) if right}
        texts = ([cell_text(value) for value in values] for values in shown)
        rest = [element("p", line) for line in self._rest()]
        return markup(table(self.columns, texts, numbers=numbers), *rest)

    def _rest(self) -> list[str]:
        hidden = len(self.cells) - _SHOWN_ROWS
        return [f"… and {counted(hidden, 'more row')}"] if hidden > 0 else []


def _needs(call: str, library: str) -> str:
    return f"{call} needs {library}: pip install {library}. `rows` needs nothing."


def _trimmed(value: object) -> object:
    """Return an amount without the zeros beyond its sixth place: sums of metered credits come with eighteen."""
    return Decimal(amount_text(value)) if isinstance(value, Decimal) and value.is_finite() else value


def _carried(values: Sequence[object]) -> list[object]:
    """Return the values of one column as other libraries have types for: ids as text, huge sums as Decimal."""
    huge = any(isinstance(value, int) and abs(value) > _LARGEST_INTEGER for value in values)
    return [_carried_value(value, huge=huge) for value in values]


def _carried_value(value: object, *, huge: bool) -> object:
    match value:
        case UUID():
            return str(value)
        case int() if huge:
            return Decimal(value)
        case _:
            return value


def _widest(field: pa.Field[pa.DataType]) -> pa.Field[pa.DataType]:
    """Return `field` with room for any amount, so that answers to one question are of one type."""
    import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import

    return field.with_type(pa.decimal128(_MOST_DIGITS, field.type.scale)) if pa.types.is_decimal(field.type) else field


def text_lines(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, footer: Sequence[object] | None = None
) -> list[str]:
    """Return a fixed-width table: numbers to the right with all their digits, text to the left, `footer` below."""
    shown = [list(columns), *([cell_text(value) for value in row] for row in rows)]
    if footer is not None:
        shown.append([cell_text(value) for value in footer])
    widths = [max(map(width_of, column)) for column in zip(*shown, strict=True)]
    to_the_right = _to_the_right(columns, rows)
    lines = [
        "  ".join(
            _padded(text, width, to_the_right=right)
            for text, width, right in zip(row, widths, to_the_right, strict=True)
        ).rstrip()
        for row in shown
    ]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    lines.insert(1, rule)
    if footer is not None:
        lines.insert(-1, rule)
    return lines


def _padded(text: str, width: int, *, to_the_right: bool) -> str:
    room = " " * (width - width_of(text))
    return f"{room}{text}" if to_the_right else f"{text}{room}"


def width_of(text: str) -> int:
    """Return how many places of a line `text` takes: most characters of Chinese and Japanese take two."""
    return len(text) if text.isascii() else sum(map(_width_of, text))


def _width_of(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:  # a mark over, below or around the letter before it
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def cell_text(value: object) -> str:
    """Return `value` as it is shown: an amount exactly, a missing value as a dash, control characters made visible."""
    match value:
        case None:
            return "-"
        case Decimal():
            return amount_text(value) if value.is_finite() else str(value)
        case int() if not isinstance(value, bool):
            return f"{value:,}"
        case _:
            return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in str(value))


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, Decimal | int) and not isinstance(value, bool))


def _to_the_right(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[bool]:
    """Return of each column whether it holds numbers alone."""
    return [bool(rows) and all(_is_number(row[index]) for row in rows) for index in range(len(columns))]
