"""From rows to what is asked: prompts, models and parameters filled in, and every row checked."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.asking.parameters import Parameters, Payload
from aijobs_sdk.batch.asking.question import Asked, Prompt, Question, TemplateQuestion, question
from aijobs_sdk.batch.asking.row_ids import RowIds
from aijobs_sdk.batch.asking.template import Template
from aijobs_sdk.batch.reading.rows import Row
from aijobs_sdk.batch.refusal import all_good, bad_row
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import shape_of

OnNull = Literal["error", "skip"]
"""What becomes of a row that holds nothing where something is needed."""


class Recipe:
    """How a row is asked.

    Args:
        prompt: a template such as `Summarise: {text}`; several, for a conversation; or a function from a row to a
            prompt, or to a mapping of payload fields, which count more than the ones below.
        model: a name or a template; or several, each of which every row is asked of.
        parameters: payload fields such as `system` or `max_tokens`, whose texts are templates as well.
        on_null: `error` refuses the batch for an empty cell that is needed; `skip` leaves that row out.
        id: a column that must hold another value in each row.

    Raises:
        InvalidRequestError: an argument cannot be used.
    """

    def __init__(
        self,
        *,
        prompt: Prompt,
        model: str | Sequence[str] | None = None,
        parameters: Mapping[str, object] | None = None,
        on_null: OnNull = "error",
        id: str | None = None,  # noqa: A002 - the caller's word
    ) -> None:
        if on_null not in get_args(OnNull):
            raise bad_argument("on_null", f"should be 'error' or 'skip', got {shape_of(on_null)}")
        if id is not None and not isinstance(id, str):
            raise bad_argument("id", f"should be the name of a column, got {shape_of(id)}")
        self._question = question(prompt)
        self._models = _models(model)
        if not self._models and isinstance(self._question, TemplateQuestion) and "model" not in (parameters or {}):
            raise bad_argument("model", "is left out: name one, such as `gpt-5.2`, or let a function as `prompt` do so")
        self._parameters = Parameters(parameters or {})
        self._skips = on_null == "skip"
        self._id = id

    @property
    def asks_a_row(self) -> int:
        """How many items each row makes: one a model."""
        return max(1, len(self._models))

    def items(self, rows: Iterable[Row]) -> Iterator[Item]:
        """Yield what is asked, row by row, and within a row model by model.

        Raises:
            InvalidRequestError: a row cannot be asked, for a missing column or an empty cell; each that was found
                is named. What came before the first was yielded.
        """
        return all_good(self._items(rows))

    def _items(self, rows: Iterable[Row]) -> Generator[Item | InvalidRequestError]:
        ids = RowIds(self._id) if self._id is not None else None
        for place, row in enumerate(rows):
            if ids is not None and (problem := ids.problem(row, place)):
                yield problem
                continue
            try:
                items = self._of_row(row, place)
            except InvalidRequestError as error:
                yield error.with_traceback(None)  # its frames would keep the rows from being closed
            else:
                yield from items

    def _of_row(self, row: Row, place: int) -> list[Item]:
        if self._skips and (hole := self._empty_in(row)):
            return self._skipped(row, place, f"column {hole!r} is empty")
        asked = self._question.ask(row, index=place)
        if asked is not None:
            return self._asked(row, place, asked)
        if self._skips:
            return self._skipped(row, place, "the prompt is empty")
        raise bad_row(place, "the prompt is empty; fill the columns it uses, or leave the row out")

    def _asked(self, row: Row, place: int, asked: Asked) -> list[Item]:
        fields = self._parameters.fill(row, index=place) | asked.fields
        first = place * self.asks_a_row
        return [
            Item(first + nth, row, payload, asked.later_prompts)
            for nth, payload in enumerate(self._payloads(fields, row, place))
        ]

    def _payloads(self, fields: Payload, row: Row, place: int) -> list[Payload]:
        """Return the fields with a model in them, once a model; the one that the caller's function gave comes first."""
        if "model" in fields:
            if len(self._models) > 1:
                raise bad_row(
                    place, "the prompt function names a model, and so does `model`, several; keep one of them"
                )
            return [fields]
        if not self._models:
            raise bad_row(place, "the prompt function names no model; pass `model=`, or return one")
        return [fields | {"model": model.fill(row, index=place)} for model in self._models]

    def _skipped(self, row: Row, place: int, why: str) -> list[Item]:
        first = place * self.asks_a_row
        payloads: list[Payload] = [
            {} if model.empty_in(row) else {"model": model.fill(row, index=place)} for model in self._models
        ]
        return [Item(first + nth, row, payload, skipped=why) for nth, payload in enumerate(payloads or [{}])]

    def _empty_in(self, row: Row) -> str | None:
        parts: list[Question | Parameters | Template] = [self._question, self._parameters, *self._models]
        return next((hole for part in parts if (hole := part.empty_in(row)) is not None), None)


def _models(model: str | Sequence[str] | None) -> list[Template]:
    match model:
        case None:
            return []
        case str():
            return [Template(model, name="model")]
        case list() | tuple() if model and all(isinstance(one, str) for one in model):
            return [Template(one, name="model") for one in model]
        case _:
            raise bad_argument("model", f"should be a name, a template, or a list of these, got {shape_of(model)}")
