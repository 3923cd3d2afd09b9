"""What the model of a payload declares, at any depth: which fields there are, and what each of them may hold."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache, cached_property
from types import UnionType
from typing import Annotated, Any, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from pydantic import AliasChoices, AliasPath, BaseModel, RootModel
from pydantic.fields import FieldInfo

from aijobs_sdk.contract.model import Verbatim


class Kinds:
    """What a value with one of these annotations may be. What it may hold is found out when somebody asks, and once."""

    def __init__(self, *annotations: object) -> None:
        self.each = tuple(kind for one in annotations for kind in _each(one))
        """Each by itself: a class, or a generic with what it holds, such as `dict[str, Page]`."""
        self.are_verbatim = any(_is_verbatim(one) for one in annotations)
        """Whether what is in these, at any depth, is kept as it came."""

    @cached_property
    def fields(self) -> Mapping[str, Kinds]:
        """What the fields may be of the models among these, by every name that a caller may give them."""
        declared = [_fields(kind) for kind in self.each if isinstance(kind, type)]
        names = dict.fromkeys(name for fields in declared for name in fields)
        return {name: Kinds(*(one for fields in declared for one in fields.get(name, ()))) for name in names}

    @cached_property
    def values(self) -> Kinds:
        """What the mappings among these may hold under a key that no model declares."""
        if self.are_verbatim:
            return self
        return Kinds(*(held for kind in self.each if _is_mapping(kind) for held in get_args(kind)))

    @cached_property
    def items(self) -> Kinds:
        """What the lists, tuples and sets among these may hold."""
        if self.are_verbatim:
            return self
        return Kinds(*(held for kind in self.each if not _is_mapping(kind) for held in get_args(kind)))

    @cached_property
    def are_sets(self) -> bool:
        """Whether a list of JSON among these is a set, and its order says nothing."""
        return any(_is(AbstractSet, kind) for kind in self.each) and not any(map(_may_be_in_order, self.each))

    @cached_property
    def leave_something_out(self) -> bool:
        """Whether a model among these has a field that it never writes."""
        models = [kind for kind in self.each if isinstance(kind, type) and issubclass(kind, BaseModel)]
        return any(field.exclude for model in models for field in model.model_fields.values())


@cache
def declared_by(model: type[BaseModel]) -> Kinds:
    """Return what a payload of this model is."""
    return Kinds(model)


def all_held_by(kinds: Kinds) -> Iterator[tuple[str, Kinds]]:
    """Yield these, and all that they may hold, with the fields that lead there, such as `login.password`."""
    seen: list[object] = []
    waiting = deque([("", kinds)])
    while waiting:
        path, one = waiting.popleft()
        yield path, one
        if new := [kind for kind in one.each if kind not in seen]:  # else it is a model in itself, or nothing
            seen += new
            waiting += [(f"{path}.{name}".strip("."), held) for name, held in one.fields.items()]
            waiting += [(path, one.items), (path, one.values)]


def _each(annotation: object) -> Iterator[object]:
    if get_origin(annotation) in {Union, UnionType}:
        for one in get_args(annotation):
            yield from _each(one)
    elif get_origin(annotation) in {Annotated, Required, NotRequired}:
        yield from _each(get_args(annotation)[0])
    elif (meant := getattr(annotation, "__value__", None)) is not None:  # of a name that `type` gives
        yield from _each(meant)
    elif isinstance(annotation, type) and issubclass(annotation, RootModel):
        yield from _each(annotation.model_fields["root"].annotation)
    else:
        yield annotation


def _is_mapping(kind: object) -> bool:
    return get_origin(kind) is not None and _is(Mapping, kind)


def _may_be_in_order(kind: object) -> bool:
    return kind is Any or kind is object or (_is(Sequence, kind) and not _is(str, kind))


def _is(what: type, kind: object) -> bool:
    one = get_origin(kind) or kind
    return isinstance(one, type) and issubclass(one, what)


def _fields(kind: type) -> Mapping[str, tuple[object, ...]]:
    """Return the annotations of a model's fields."""
    if issubclass(kind, BaseModel):
        kind.model_rebuild(raise_errors=False)  # it may name another that was defined after it
        named = kind.model_fields.items()
        return {one: (field.annotation, *field.metadata) for name, field in named for one in _names(name, field)}
    if dataclasses.is_dataclass(kind) or hasattr(kind, "__required_keys__"):  # which a TypedDict has
        return {name: (one,) for name, one in _hints(kind).items()}
    return {}


def _hints(kind: type) -> Mapping[str, object]:
    try:
        return get_type_hints(kind, include_extras=True)
    except NameError:  # of a class that only the function knows in which this one was defined
        return kind.__annotations__


def _names(name: str, field: FieldInfo) -> Iterator[str]:
    yield name
    for alias in (field.alias, field.validation_alias):
        for one in alias.choices if isinstance(alias, AliasChoices) else [alias]:
            known_as = one.path[0] if isinstance(one, AliasPath) else one
            if isinstance(known_as, str):
                yield known_as


def _is_verbatim(annotation: object) -> bool:
    if isinstance(annotation, Verbatim):
        return True
    within = (*getattr(annotation, "__args__", ()), *getattr(annotation, "__metadata__", ()))
    return any(_is_verbatim(one) for one in within)
