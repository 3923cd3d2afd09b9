"""A pydantic model in a cell, as JSON that is the same in each process: its sets have no order of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import cast

from pydantic import BaseModel, JsonValue, RootModel


def said_by_model(model: BaseModel) -> JsonValue:
    """Return what a model says of itself in JSON, its sets in the order of their items."""
    return _in_order(model.model_dump(mode="json"), model)


def _in_order(said: JsonValue, held: object) -> JsonValue:
    """Return what was said with the items of sets in order, as far as it follows what is held, which is left alone."""
    match held:
        case RootModel():
            return _in_order(said, held.root)
        case _ if isinstance(said, dict) and (isinstance(held, BaseModel) or is_dataclass(held)):
            return {name: _in_order(part, _field(held, name)) for name, part in said.items()}
        case Mapping() if isinstance(said, dict) and len(said) == len(held):
            pairs = zip(said.items(), held.values(), strict=True)
            return {name: _in_order(part, value) for (name, part), value in pairs}
        case set() | frozenset() if isinstance(said, list) and len(said) == len(held):
            return sorted(_each(said, held), key=repr)
        case list() | tuple() if isinstance(said, list) and len(said) == len(held):
            return _each(said, held)
        case _:
            return said


def _each(said: list[JsonValue], held: object) -> list[JsonValue]:
    items = cast("list[object]", held)
    return [_in_order(part, value) for part, value in zip(said, items, strict=True)]


def _field(model: object, name: str) -> object:
    """Return what a model, or a dataclass in one, holds under a name, be that one by which it is written."""
    fields = getattr(type(model), "__pydantic_fields__", {})
    known = next((own for own, field in fields.items() if name in {own, field.serialization_alias}), name)
    return getattr(model, known, None)
