"""What is kept of a payload, and how a handler gets back from it what was checked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TypeVar

from pydantic import BaseModel

from aijobs_sdk.engine.declared import Kinds, all_held_by, declared_by

P = TypeVar("P", bound=BaseModel)


class NotKeptError(ValueError):
    """A payload holds what JSON does not, or its model does not make of the JSON what it was made from."""


def kept(payload: BaseModel) -> Mapping[str, object]:
    """Return a payload as JSON, without what was left to its defaults.

    What was left out stays out: a payload says what was asked for, and is the same when a type learns a new field.

    Raises:
        NotKeptError: it holds something that JSON does not.
    """
    return _as_json(payload, exclude_defaults=True)


def kept_faithfully(payload: BaseModel) -> Mapping[str, object]:
    """Return the same for a model of which nobody knows whether it reads what it wrote: that is tried.

    What is left out can be what one model of a union is told from another by; then all of it is kept. A set comes in
    one order, where its own differs from process to process.

    Raises:
        NotKeptError: there is no JSON of which its model makes the same again.
    """
    whole = _in_one_order(payload, _as_json(payload))
    for form in (_in_one_order(payload, kept(payload)), whole):
        if _comes_back(payload, form, whole):
            return form
    raise NotKeptError("does not come back from JSON as it was checked: its model writes what it does not read")


def read_kept(model: type[P], data: Mapping[str, object]) -> P:
    """Return the payload that was kept so."""
    # By their own names, whatever callers call them; and JSON has no type for most of what a strict model wants.
    return model.model_validate(data, strict=False, by_name=True, by_alias=True)


def _as_json(payload: BaseModel, *, exclude_defaults: bool = False) -> dict[str, object]:
    try:
        return payload.model_dump(mode="json", exclude_defaults=exclude_defaults, round_trip=True)
    except (ValueError, RecursionError):  # pydantic's are such; their texts show values
        raise NotKeptError("holds something that cannot be written as JSON") from None


def _comes_back(payload: BaseModel, form: Mapping[str, object], whole: Mapping[str, object]) -> bool:
    try:
        again = read_kept(type(payload), form)
        is_lossy = _leaves_something_out(type(payload)) and _loses_something(payload, again)
        return not is_lossy and _in_one_order(payload, _as_json(again)) == whole
    except ValueError:  # pydantic's is one, as ours
        return False


def _loses_something(said: object, again: object) -> bool:
    """Return whether a field that its model never writes, `exclude=True`, was said, and is another when it is read."""
    match said:
        case BaseModel() if type(again) is type(said):
            before, after = said.__dict__, again.__dict__
            unwritten = [name for name, one in type(said).model_fields.items() if one.exclude]
            lost = any(before[name] != after[name] for name in unwritten if name in said.model_fields_set)
            return lost or any(map(_loses_something, before.values(), after.values()))
        case Mapping() if isinstance(again, Mapping):
            return any(map(_loses_something, said.values(), again.values()))
        case list() | tuple() if isinstance(again, list | tuple):
            return any(map(_loses_something, said, again))
        case _:
            return False


@cache
def _may_hold_sets(model: type[BaseModel]) -> bool:
    return any(held.are_sets for _, held in all_held_by(declared_by(model)))


@cache
def _leaves_something_out(model: type[BaseModel]) -> bool:
    return any(held.leave_something_out for _, held in all_held_by(declared_by(model)))


def _in_one_order(payload: BaseModel, form: Mapping[str, object]) -> dict[str, object]:
    """Return the payload's JSON with what was a set of its own sorted."""
    kinds = declared_by(type(payload))
    if not _may_hold_sets(type(payload)):
        return dict(form)
    return {name: _ordered(value, kinds.fields.get(name, kinds.values)) for name, value in form.items()}


def _ordered(value: object, kinds: Kinds) -> object:
    match value:
        case dict():
            return {name: _ordered(held, kinds.fields.get(name, kinds.values)) for name, held in value.items()}
        case list():
            items = [_ordered(item, kinds.items) for item in value]
            return sorted(items, key=repr) if kinds.are_sets else items
        case _:
            return value
