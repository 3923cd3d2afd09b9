"""What a row is asked: by templates over its columns, or by a function of the caller's."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import NamedTuple, Protocol

from aijobs_sdk.batch.asking.parameters import Payload, sendable_fields, unknown_field
from aijobs_sdk.batch.asking.template import Template
from aijobs_sdk.batch.reading.rows import Row
from aijobs_sdk.batch.refusal import bad_row
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import shape_of

PromptFunction = Callable[[dict[str, object]], str | Mapping[str, object] | None]
Prompt = str | Sequence[str] | PromptFunction
"""A template; several, for a conversation; or a function from a row to a prompt, or to payload fields."""
_UNCHANGING = frozenset({str, int, float, bool, type(None)})
"""What nobody can change; most cells are of these."""


class Asked(NamedTuple):
    """What one row is asked."""

    fields: Payload
    """Of the payload: `prompt`, and whatever else the caller's function gave."""
    later_prompts: tuple[str, ...] = ()


class Question(Protocol):
    """Asks rows."""

    def ask(self, row: Row, *, index: int) -> Asked | None:
        """Return what this row is asked; None: nothing.

        Raises:
            InvalidRequestError: it cannot be asked; the row is named.
        """
        ...

    def empty_in(self, row: Row) -> str | None:
        """Return the first hole for which a row holds nothing."""
        ...


def question(prompt: Prompt) -> Question:
    """Return what asks rows with this prompt.

    Raises:
        InvalidRequestError: it is none of what a prompt can be, or a template is broken.
    """
    match prompt:
        case str():
            return TemplateQuestion([prompt])
        case list() | tuple() if prompt and all(isinstance(one, str) for one in prompt):
            return TemplateQuestion(prompt)
        case _ if callable(prompt) and not inspect.iscoroutinefunction(prompt):
            return FunctionQuestion(prompt)
        case _:
            problem = f"should be a template, a list of templates, or a plain function of a row, got {shape_of(prompt)}"
            raise bad_argument("prompt", problem)


class TemplateQuestion:
    """One template; or several, of a conversation, in which each is sent when the one before it is answered."""

    def __init__(self, prompts: Sequence[str]) -> None:
        self._prompts = [Template(prompt, name="prompt") for prompt in prompts]

    def ask(self, row: Row, *, index: int) -> Asked | None:
        """Return the filled templates; None if the first comes out empty."""
        first, *later = [template.fill(row, index=index) for template in self._prompts]
        if any(not text or text.isspace() for text in later):
            raise bad_row(index, "a later prompt is empty; fill the columns it uses, or leave the row out")
        return Asked({"prompt": first}, tuple(later)) if first and not first.isspace() else None

    def empty_in(self, row: Row) -> str | None:
        """Return the first hole of any of them for which a row holds nothing."""
        return next((hole for one in self._prompts if (hole := one.empty_in(row)) is not None), None)


class FunctionQuestion:
    """A function of the caller's, which is given each row as a dict of its own."""

    def __init__(self, function: PromptFunction) -> None:
        self._function = function

    def ask(self, row: Row, *, index: int) -> Asked | None:
        """Return what the function said; None if it said nothing, or an empty prompt."""
        match self._answer(row, index):
            case None:
                return None
            case str() as prompt:
                fields: Mapping[str, object] = {"prompt": prompt}
            case Mapping() as fields:
                pass
            case other:
                raise bad_row(index, f"the prompt function should return a text or a mapping, got {shape_of(other)}")
        if (problem := unknown_field(map(str, fields))) is not None:
            raise bad_row(index, f"the prompt function should give fields of a payload: {problem}")
        payload = sendable_fields(
            {str(name): value for name, value in fields.items() if value is not None}, index=index
        )
        match payload.get("prompt"):
            case None:
                return None
            case str() as text:
                return Asked(payload) if text and not text.isspace() else None
            case other:
                raise bad_row(index, f"the prompt function should give `prompt` as a text, got {shape_of(other)}")

    def empty_in(self, row: Row) -> str | None:
        """Return None: what an empty cell means is the function's to say."""
        return None

    def _answer(self, row: Row, index: int) -> object:
        own = {name: value if type(value) in _UNCHANGING else deepcopy(value) for name, value in row.items()}
        try:
            return self._function(own)
        except Exception as error:  # the caller's own code: whatever it raises is told with its row
            problem = f"the prompt function raised {type(error).__name__}; mend it, or leave the row out"
            raise bad_row(index, problem) from error
