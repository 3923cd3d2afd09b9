"""The words a user may rely on."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import MemberDescriptorType
from typing import Any

import pytest

import aijobs_sdk as aijobs

PAIRS = [
    (aijobs.Client, aijobs.AsyncClient),
    (aijobs.JobHandle, aijobs.AsyncJobHandle),
    (aijobs.Batch, aijobs.AsyncBatch),
]


def names_shown_to_type_checkers() -> set[str]:
    tree = ast.parse(Path(aijobs.__file__).read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module != "importlib"]
    return {alias.asname or alias.name for node in imports for alias in node.names}


def public(kind: type[Any]) -> set[str]:
    slots = {name for name, member in vars(kind).items() if isinstance(member, MemberDescriptorType)}
    return {name for name in dir(kind) if not name.startswith("_")} - slots


def parameters(kind: type[Any], name: str) -> list[tuple[str, Any, Any]]:
    signature = inspect.signature(getattr(kind, name))
    return [(one.name, one.kind, one.default) for one in signature.parameters.values()]


def test_every_public_name_resolves() -> None:
    missing = [name for name in aijobs.__all__ if getattr(aijobs, name, None) is None]
    assert missing == []


def test_type_checkers_see_what_is_public() -> None:
    assert names_shown_to_type_checkers() == set(aijobs.__all__)


def test_completion_offers_the_public_names() -> None:
    assert set(aijobs.__all__) <= set(dir(aijobs))


def test_a_name_that_is_none_of_ours_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Clint"):
        _ = aijobs.Clint  # type: ignore[attr-defined]


@pytest.mark.parametrize(("blocking", "awaiting"), PAIRS)
def test_blocking_and_awaiting_speak_the_same_words(blocking: type[Any], awaiting: type[Any]) -> None:
    for_threads_only = {"future"}
    assert public(blocking) - for_threads_only == public(awaiting)


@pytest.mark.parametrize(
    ("blocking", "awaiting", "name"),
    [
        (blocking, awaiting, name)
        for blocking, awaiting in PAIRS
        for name in sorted(public(blocking) & public(awaiting))
        if callable(getattr(blocking, name))
    ],
)
def test_a_method_takes_the_same_arguments_in_both(blocking: type[Any], awaiting: type[Any], name: str) -> None:
    assert parameters(blocking, name) == parameters(awaiting, name)


def test_constructors_take_the_same_arguments() -> None:
    assert parameters(aijobs.Client, "__init__") == parameters(aijobs.AsyncClient, "__init__")
