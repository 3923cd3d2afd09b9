"""`aijobs usage sql`: questions of your own, answered from the store."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path

import click
from pydantic import JsonValue

from aijobs_sdk.cli.errors import BadInput
from aijobs_sdk.cli.options import json_option
from aijobs_sdk.cli.usage_options import A_FILE, read_usage
from aijobs_sdk.usage.showing.formulas import is_formula

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@click.command()
@click.argument("query")
@click.argument("paths", nargs=-1)
@click.option("--store", type=A_FILE, metavar="FILE", help="Where usage is kept; PATHS are read into it first.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, with all rows and all digits, and no formulas.")
@json_option
def sql(query: str, paths: tuple[str, ...], *, store: Path | None, as_csv: bool, as_json: bool) -> None:
    """Answer one SELECT over usage.

    Its tables are usage, quarantine, source_file and those beside them, such as in
    aijobs usage sql "SELECT model, sum(credits_used) FROM usage GROUP BY ALL" exports/
    """
    if as_csv and as_json:
        raise click.UsageError("--csv or --json, not both.")
    with read_usage(paths, store) as usage:
        answer = usage.sql(query)
    if as_json:
        _refuse_one_name_for_two(answer.columns)
        click.echo(json.dumps([_object(row) for row in answer], indent=2, ensure_ascii=False))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows(map(_csv_value, row) for row in answer.cells)
    else:
        click.echo(str(answer))


def _refuse_one_name_for_two(columns: Sequence[str]) -> None:
    """Refuse what an object would have one value of, and lose the other."""
    for column, count in Counter(columns).items():
        if count > 1:
            raise BadInput(f"More than one column is called {column!r}. Name them apart (AS), or ask for --csv.")


def _csv_value(value: object) -> str:
    """Return a value as text; what is text already, and no number, is led by an apostrophe if it would be a formula."""
    text = _text(value)
    return f"'{text}" if isinstance(value, str) and is_formula(text) and not _NUMBER.fullmatch(text) else text


def _object(row: Mapping[str, object]) -> JsonValue:
    return {name: _json(value) for name, value in row.items()}


def _json(value: object) -> JsonValue:
    match value:
        case None | bool() | int() | str():
            return value
        case float() if isfinite(value):
            return value
        case Mapping():
            return {str(name): _json(one) for name, one in value.items()}
        case list() | tuple():
            return [_json(one) for one in value]
        case _:
            return _text(value)


def _text(value: object) -> str:
    """Return a value with all its digits; nothing is an empty text."""
    match value:
        case None:
            return ""
        case Decimal():
            return format(value, "f")
        case datetime() | date():
            return value.isoformat()
        case Mapping() | list() | tuple():
            return json.dumps(_json(value), ensure_ascii=False)
        case _:
            return str(value)
