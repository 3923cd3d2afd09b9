"""Values in which texts may have holes, at the top or anywhere inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aijobs_sdk.batch.asking.template import Template
from aijobs_sdk.batch.reading.rows import Row


def with_templates(value: object, name: str, *, deeply: bool) -> object:
    """Return the value with a template in place of a text; `deeply`: also of those in its lists and mappings.

    Raises:
        InvalidRequestError: a text is no template.
    """
    match value:
        case str():
            return Template(value, name=name)
        case Mapping() if deeply:
            return {key: with_templates(held, name, deeply=True) for key, held in value.items()}
        case list() | tuple() if deeply:
            return [with_templates(held, name, deeply=True) for held in value]
        case _:
            return value


def templates_in(value: object) -> Iterator[Template]:
    """Yield the templates of a value that have holes, in their order."""
    match value:
        case Template() if value.has_holes:
            yield value
        case Mapping():
            for held in value.values():
                yield from templates_in(held)
        case list():
            for held in value:
                yield from templates_in(held)
        case _:
            pass


def filled(value: object, row: Row, *, index: int) -> object:
    """Return the value with what a row gives in place of its templates.

    Raises:
        InvalidRequestError: the row cannot fill one of them.
    """
    match value:
        case Template():
            return value.value(row, index=index)
        case Mapping():
            return {key: filled(held, row, index=index) for key, held in value.items()}
        case list():
            return [filled(held, row, index=index) for held in value]
        case _:
            return value
