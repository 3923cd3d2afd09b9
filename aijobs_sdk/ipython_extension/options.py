"""From `option=value` on the line of a magic to what `submit()` takes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import cast

from IPython.core.error import UsageError

from aijobs_sdk.client.request import SubmitOptions
from aijobs_sdk.contract.shapes import refuse_unknown

_TEXTS = frozenset(
    {
        "estimated_credits",
        "idempotency_key",
        "max_credits",
        "model",
        "priority",
        "provider",
        "quality",
        "reasoning_effort",
        "size",
        "system",
        "user_id",
    }
)
"""Taken as they stand; amounts are exact as text."""


def submit_options(written: Iterable[str], *, model: str | None, variables: Mapping[str, object]) -> SubmitOptions:
    """Return the options; what is no text is a Python value, or one of the user's variables.

    Raises:
        UsageError: there is no such option, or no such value; it is named.
    """
    options: dict[str, object] = {} if model is None else {"model": model}
    for one in written:
        name, is_given, text = one.partition("=")
        if not is_given:
            raise UsageError(f"{one!r} is no option=value. The prompt stands below the line, in the cell.")
        if name in options:
            raise UsageError(f"{name!r} is said twice.")
        _refuse_unknown(name)
        options[name] = text if name in _TEXTS else _value(name, text, variables)
    return cast("SubmitOptions", options)


def _refuse_unknown(name: str) -> None:
    try:
        refuse_unknown("submit", [name], SubmitOptions.__annotations__)
    except TypeError as error:
        raise UsageError(str(error)) from None


def _value(name: str, text: str, variables: Mapping[str, object]) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):  # all that it says it may raise
        if text in variables:
            return variables[text]
        raise UsageError(f"{name}={text}: this is neither a Python value nor a variable of yours.") from None
