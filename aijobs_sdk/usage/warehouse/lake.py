"""Closed months as Parquet in a folder or an object store, for engines that read a lake: each written once, for good.

billing_month=2026-01/usage-0001.parquet    in the form of Hive: the month is the folder's name, and in no file
billing_month=2026-01/_manifest.json        written last: a month without one is not there yet
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.months import month_span
from aijobs_sdk.contract.refusal import members_of
from aijobs_sdk.usage.closing.seal import Seal, month_seal
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore
from aijobs_sdk.usage.warehouse.lake_files import LakeFile, added_up, check_pyarrow, parquet_files
from aijobs_sdk.usage.warehouse.place import Place, open_place

_BATCH_ROWS = 100_000
_MANIFEST = "_manifest.json"  # engines pass over what begins with an underscore


class LakeMonth(Seal):
    """A closed month in the lake; the manifest holds it as JSON."""

    month: str
    version: int
    """How often the month had been closed."""
    files: tuple[LakeFile, ...]


def write_lake(store: UsageStore, place: str | Path, months: str | Iterable[str] | None = None) -> list[LakeMonth]:
    """Write `months`, or all that are closed, and return what the lake holds of them. Those it has are left alone.

    `place` is a folder, or a URL that fsspec knows. What was written is read back and added up before it counts.

    Raises:
        InvalidRequestError: a month is not closed, its rows are not those it was closed with, or the lake holds it with
            other rows: then no month was written. Or the place cannot be used.
        ConfigurationError: pyarrow or fsspec is not installed.
    """
    check_pyarrow()
    closed = {month.month: month for month in _closed_months(store)}
    if isinstance(months, str):
        months = [months]
    named = closed if months is None else members_of("months", months, str, "months, such as 2026-01")
    wanted = [_closed(closed, month) for month in dict.fromkeys(named)]
    lake = open_place(place)
    held = {month.month: month for month in _held(lake, wanted)}
    _check_sealed(store, [month for month in wanted if month.month not in held])
    return [held.get(month.month) or _write(store, lake, month) for month in wanted]


def _closed_months(store: UsageStore) -> Iterator[LakeMonth]:
    for row in store.ask(statement("warehouse/closed_months")):
        yield LakeMonth.model_validate({**row, "files": ()})


def _closed(closed: dict[str, LakeMonth], month: str) -> LakeMonth:
    month_span(month)  # refuses what is no month
    if month not in closed:
        raise InvalidRequestError(
            f"{month} is not closed, and the lake keeps what no longer changes: `close_month` first."
        )
    return closed[month]


def _held(lake: Place, wanted: Iterable[LakeMonth]) -> Iterator[LakeMonth]:
    for month in wanted:
        held = _manifest(lake, month)
        if held is None:
            continue
        if held.digest != month.digest:
            raise InvalidRequestError(
                f"The lake holds version {held.version} of {month.month}, with other rows than version {month.version} "
                f"has, and no month is written over. Write to another place, or delete {_folder(month)} there first."
            )
        yield held


def _manifest(lake: Place, month: LakeMonth) -> LakeMonth | None:
    name = f"{_folder(month)}/{_MANIFEST}"
    text = lake.load(name)
    try:
        return None if text is None else LakeMonth.model_validate_json(text)
    except ValidationError as error:
        raise InvalidRequestError(
            f"{name} in the lake is none of ours. Write to another place, or delete {_folder(month)} there first."
        ) from error


def _write(store: UsageStore, lake: Place, month: LakeMonth) -> LakeMonth:
    folder = _folder(month)
    lake.clear(folder)  # what an attempt left that did not end well
    with store.reading() as session, TemporaryDirectory() as scratch:
        rows = session.sql(statement("warehouse/lake_rows"), params={"month": month.month})
        files = []
        for file in parquet_files(rows.to_arrow_reader(_BATCH_ROWS), Path(scratch)):
            lake.save(f"{folder}/{file.name}", Path(scratch, file.name))
            files.append(file)
    written = month.replace(files=tuple(files))
    _check_read_back(lake, written)
    lake.save_text(f"{folder}/{_MANIFEST}", written.model_dump_json(indent=2) + "\n")
    return written


def _check_sealed(store: UsageStore, months: Iterable[LakeMonth]) -> None:
    for month in months:
        with store.reading() as session:
            found = month_seal(session, month.month)
        if found != Seal(rows=month.rows, credits=month.credits, digest=month.digest):
            raise InvalidRequestError(
                f"The rows of {month.month} are not those it was closed with, and the lake keeps only what was closed. "
                "`verify_month` tells the difference."
            )


def _check_read_back(lake: Place, month: LakeMonth) -> None:
    rows, credits_sum = 0, Decimal(0)
    for file in month.files:
        with lake.open(f"{_folder(month)}/{file.name}") as data:
            more_rows, more_credits = added_up(data)
        rows, credits_sum = rows + more_rows, credits_sum + more_credits
    if (rows, credits_sum) != (month.rows, month.credits):
        raise InvalidRequestError(
            f"Of {month.month} the lake gives back {rows:,} rows and {credits_sum} credits, not {month.rows:,} and "
            f"{month.credits}: the place does not keep what is written to it. The month does not count as written."
        )


def _folder(month: LakeMonth) -> str:
    return f"billing_month={month.month}"
