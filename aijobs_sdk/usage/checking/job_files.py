"""Files of jobs, as `export_jobs` writes them, read record by record: one that cannot be used is told by its line."""

from __future__ import annotations

import csv
import glob
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from pydantic import ValidationError

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.refusal import in_words, path_of
from aijobs_sdk.contract.shapes import problems_of
from aijobs_sdk.usage.exports.job_record import JOB_COLUMNS, JobRecord
from aijobs_sdk.usage.folders import files_below, is_hidden
from aijobs_sdk.usage.reading.wide_amounts import check_amounts
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import DatabaseError, scratch_database

_ENDINGS = (".csv", ".jsonl", ".parquet")
_ROWS_AT_ONCE = 10_000


def job_files(path: str | Path) -> list[Path]:
    """Return the files of jobs that `path` means: itself, those below a folder, or those that a pattern finds, by name.

    Raises:
        InvalidRequestError: there is none.
    """
    place = path_of("jobs", path)
    if place.is_file():
        found = [place]
    elif place.is_dir():
        found = files_below(place)
    else:
        # glob, not Path.glob: that one takes no absolute pattern.
        found = [Path(match) for match in sorted(glob.glob(str(place), recursive=True))]  # noqa: PTH207
    files = [file for file in found if file.suffix in _ENDINGS and not is_hidden(file.name) and file.is_file()]
    if not files:
        raise InvalidRequestError(
            f"{path} means no file of jobs. Name one in .csv, .jsonl or .parquet, as `aijobs export jobs` writes them, "
            "a folder of them, or a pattern."
        )
    return files


def read_job_file(path: Path) -> Iterator[JobRecord]:
    """Yield what a file of jobs holds, in its order.

    Raises:
        InvalidRequestError: it cannot be read, or a record in it cannot be used; the message names line and field.
    """
    try:
        for line, values in _values(path):
            yield _record(values, path, line)
    except (OSError, UnicodeDecodeError, csv.Error, DatabaseError) as error:
        raise InvalidRequestError(f"{path} cannot be read as a file of jobs: {error}.") from error


def _values(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    match path.suffix:
        case ".csv":
            yield from _csv_values(path)
        case ".jsonl":
            yield from _jsonl_values(path)
        case _:
            yield from _parquet_values(path)


def _csv_values(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        for row in reader:
            if None in row:
                raise _unusable(path, reader.line_num, "it has more fields than the header")
            if None in row.values():  # all behind it may be missing as well
                raise _unusable(
                    path, reader.line_num, "it has fewer fields than the header, so that the file may be cut"
                )
            yield reader.line_num, {name: text or None for name, text in row.items()}


def _jsonl_values(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, _json_object(line, path, number)


def _json_object(line: str, path: Path, number: int) -> Mapping[str, object]:
    try:
        values = json.loads(line, parse_float=str, parse_int=str)  # an amount stays what was written
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise _unusable(path, number, "it is not a JSON object")
    return values


def _parquet_values(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    pattern = glob.escape(str(path.absolute()))
    with scratch_database() as database:
        check_amounts(database, pattern, path)
        found = database.execute(statement("checking/read_parquet_jobs"), {"path": pattern})
        names = [column[0] for column in found.description or ()]
        rows = chain.from_iterable(iter(lambda: found.fetchmany(_ROWS_AT_ONCE), []))
        for number, row in enumerate(rows, start=1):
            yield number, dict(zip(names, row, strict=True))


def _record(values: Mapping[str, object], path: Path, line: int) -> JobRecord:
    try:
        return JobRecord.model_validate({name: values[name] for name in JOB_COLUMNS if name in values})
    except ValidationError as error:
        problems = problems_of(error, known=JOB_COLUMNS)
        raise _unusable(path, line, in_words(problems, between="; ")) from None


def _unusable(path: Path, line: int, problem: str) -> InvalidRequestError:
    return InvalidRequestError(f"{path}, line {line}: {problem}. Nothing of it was noted; export the jobs again.")
