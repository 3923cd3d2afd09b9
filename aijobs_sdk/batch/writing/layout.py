"""Which columns results are written under: the input's, ours, and those of structured answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from pydantic import BaseModel

from aijobs_sdk.batch.columns.columns import Columns
from aijobs_sdk.batch.columns.kinds import Kind
from aijobs_sdk.batch.reading.cells import mended, plain
from aijobs_sdk.batch.row import ALL_COLUMNS, BatchRow, RowStatus
from aijobs_sdk.contract.error_info import ErrorInfo, FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError

Record = dict[str, object]
ANSWERS = "answers"
"""The column of a conversation's answers, for those who ask for it."""
ERROR_FIELDS = ("code", "category", "message")
"""What is told of an error where a column has fixed parts."""


class Layout:
    """The columns of a table of results, in their order.

    Args:
        columns: of the input. One with a name of ours becomes `input_…`.
        outputs: ours, of FIXED_COLUMNS, MORE_COLUMNS and ANSWERS.
        fields: of structured answers; one of a name that is taken becomes `output_…`.
    """

    def __init__(self, columns: Columns, outputs: Sequence[str], fields: Columns) -> None:
        self._given = columns, fields
        self.outputs = tuple(outputs)
        self.inputs: Mapping[str, str] = _shown(columns.names, prefix="input_", taken={*outputs})
        self._fields = _shown(fields.names, prefix="output_", taken={*outputs, *self.inputs.values()})
        self.kinds: Mapping[str, Kind] = {
            **{shown: columns.kinds[name] for name, shown in self.inputs.items()},
            **{shown: fields.kinds[name] for name, shown in self._fields.items()},
        }

    @property
    def names(self) -> list[str]:
        """All columns."""
        return [*self.inputs.values(), *self.outputs, *self._fields.values()]

    def holding(self, rows: Iterable[BatchRow]) -> Layout:
        """Return the same columns of kinds that hold these answers: one that failed may not fit what was asked for."""
        if not self._fields:
            return self
        columns, fields = self._given
        held = Columns(fields.kinds)
        for row in rows:
            held.note({name: value for name, value in output_fields(row).items() if name in self._fields})
        return Layout(columns, self.outputs, held)

    def record(self, row: BatchRow) -> Record:
        """Return a row by columns; one that the row lacks is not among them."""
        record: Record = {self.inputs[name]: value for name, value in row.inputs.items()}
        for name in self.outputs:
            record[name] = _READ[name](row) if name in _READ else getattr(row, name)
        if self._fields:
            answer = output_fields(row)
            record |= {shown: answer[name] for name, shown in self._fields.items() if name in answer}
        return record


def all_columns_of(rows: Iterable[BatchRow]) -> tuple[str, ...]:
    """Return all of our columns that these rows have; the first that came tells."""
    first = next((row for row in rows if row.answers or row.status is RowStatus.COMPLETED), None)
    return (*ALL_COLUMNS, ANSWERS) if first is not None and first.answers else ALL_COLUMNS


def output_fields(row: BatchRow) -> Mapping[str, object]:
    """Return the fields of a structured answer, plain, by their names in Python; none of a row without one.

    Raises:
        InvalidRequestError: the caller's class breaks over it.
    """
    said = _in_json(row.output, row.index) if isinstance(row.output, BaseModel) else row.output
    return cast("Mapping[str, object]", plain(_mended(said))) if isinstance(said, Mapping) else {}


def _in_json(output: BaseModel, index: int) -> object:
    try:
        return output.model_dump(mode="json", by_alias=False)
    except Exception as error:  # a serializer or a computed field is the caller's code
        problem = f"`output_model` raised {type(error).__name__} when its fields were to be written"
        raise InvalidRequestError(
            f"Row {index + 1} (index {index}): {problem}. Mend the class, or write() without them: name other columns "
            "in `outputs`. `content` is what came.",
            code="unwritable_output",
            fields=[FieldProblem(field=f"rows[{index}].output", problem=problem)],
        ) from error


def error_fields(error: ErrorInfo) -> dict[str, str]:
    """Return an error as a column of fixed parts holds it."""
    return {"code": error.code, "category": error.category.value, "message": mended(error.message)}


_READ: Mapping[str, Callable[[BatchRow], object]] = {
    "status": lambda row: row.status.value,
    "content": lambda row: None if row.content is None else mended(row.content),
    "job_id": lambda row: None if row.job_id is None else str(row.job_id),
    ANSWERS: lambda row: [mended(answer) for answer in row.answers] or None,
}
"""Those of our columns that are not written as the row holds them."""


def _mended(value: object) -> object:
    match value:
        case str():
            return mended(value)
        case Mapping():
            return {mended(str(name)): _mended(held) for name, held in value.items()}
        case list():
            return [_mended(held) for held in value]
        case _:
            return value


def _shown(names: Sequence[str], *, prefix: str, taken: set[str]) -> dict[str, str]:
    """Return under which name each is shown: its own unless that is taken."""
    shown = {name: name for name in names if name not in taken}
    for name in names:
        if name in taken:
            free = prefix + name
            while free in taken or free in names or free in shown.values():
                free = prefix + free
            shown[name] = free
    return {name: shown[name] for name in names}
