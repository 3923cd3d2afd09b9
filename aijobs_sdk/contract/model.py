"""The one shape of every fact that crosses a room's border: frozen, and strict about names."""

from collections.abc import Callable
from typing import Annotated, ParamSpec, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, JsonValue, SkipValidation

StoredJson = Annotated[JsonValue, SkipValidation]
"""A JSON value that was checked where it came in, and is not walked through again each time a fact is made of it."""


class Verbatim:
    """Marks a field whose value is kept as it came: its keys are names of the user's, and no field of ours.

    Such as a JSON schema, in which `api_key` names a property and holds no key, or what a model called a tool with,
    which it has to be told again as it was: `Annotated[..., Verbatim()]`.
    """


class Fact(BaseModel):
    """A value that never changes after it was made; a field it does not know is an error."""

    # Built at first use: a program that reads one kind of fact does not pay for all of them.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def replace(self, **changes: object) -> Self:
        """Return a copy with other values in some fields; they are not checked, so pass what was checked before.

        Like `model_copy(update=...)`, at a third of its price: the copy shares what cannot change.
        """
        values = self.__dict__.copy()
        values.update(changes)
        return _fact(type(self), values, self.__pydantic_fields_set__)


F = TypeVar("F", bound=Fact)
P = ParamSpec("P")


def unchecked(kind: Callable[P, F]) -> Callable[P, F]:
    """Return a maker of facts of one kind, at a third of the price of the kind itself: pass what was checked before.

    For kinds whose defaults are values that never change.
    """
    fact = cast("type[F]", kind)
    fields = set(fact.model_fields)
    defaults = {name: field.default for name, field in fact.model_fields.items()}

    def make(*_: P.args, **given: P.kwargs) -> F:
        values = defaults.copy()
        values.update(given)
        return _fact(fact, values, fields)

    return make


def _fact(kind: type[F], values: dict[str, object], fields_set: set[str]) -> F:
    fact = kind.__new__(kind)
    # One set for all of them, as nobody changes it: a set of its own is the largest part of a small fact.
    _set(fact, "__pydantic_fields_set__", fields_set)
    _set(fact, "__dict__", values)
    _set(fact, "__pydantic_extra__", None)
    _set(fact, "__pydantic_private__", None)
    return fact


_set = object.__setattr__
