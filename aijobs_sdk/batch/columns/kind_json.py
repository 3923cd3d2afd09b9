"""Kinds as JSON, as a journal keeps them: `"text"`, `{"list": "integer"}`, `{"object": {"name": "text"}}`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from aijobs_sdk.batch.columns.kinds import NOTHING, Kind, Sort


def kind_to_json(kind: Kind) -> JsonValue:
    """Return it in JSON's words."""
    match kind.sort:
        case Sort.DECIMAL:
            return {"decimal": list(kind.digits)}
        case Sort.LIST:
            return {"list": kind_to_json(kind.item or NOTHING)}
        case Sort.OBJECT:
            return {"object": {name: kind_to_json(held) for name, held in kind.fields.items()}}
        case _:
            return kind.sort.value


def kind_from_json(written: JsonValue) -> Kind:
    """Return the kind that was written so.

    Raises:
        ValueError: nobody writes this.
    """
    match written:
        case str():
            return Kind(Sort(written))
        case {"decimal": [int(whole), int(fraction)]}:
            return Kind(Sort.DECIMAL, digits=(whole, fraction))
        case {"list": item}:
            return Kind(Sort.LIST, item=kind_from_json(item))
        case {"object": Mapping() as fields}:
            return Kind(Sort.OBJECT, fields={name: kind_from_json(held) for name, held in fields.items()})
        case _:
            raise ValueError("These columns were written by another version.")
