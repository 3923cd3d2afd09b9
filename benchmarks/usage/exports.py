"""Export files of a made-up year: the same rows for the same number, whoever reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import duckdb

Format: TypeAlias = Literal["parquet", "csv"]

ROWS_OF_CSV = 10_000
"""In a file, as exports have at most."""
PARQUET_FILES = 10
REPEATED_PERCENT = 3
"""Of a file: the last rows of the one before come again."""
YEAR_MICROSECONDS = 365 * 86_400 * 1_000_000
ROWS = Path(__file__).with_name("made_up_rows.sql").read_text("utf-8")
AS_OUR_CSV = "SELECT * REPLACE (strftime(created_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS created_at)"
ENDING = {"parquet": "(FORMAT parquet, COMPRESSION zstd)", "csv": "(FORMAT csv, HEADER)"}


@dataclass(frozen=True)
class Exports:
    """Some files in a folder of their own, each of which repeats rows of the one before."""

    folder: Path
    format: Format
    files: int
    rows_in_file: int

    @property
    def pattern(self) -> str:
        """What names them all."""
        return str(self.folder / f"*.{self.format}")

    @property
    def different_rows(self) -> int:
        """How many ids there are in all files."""
        return self._first(self.files - 1) + self.rows_in_file

    def write(self) -> None:
        """Write all files, a file at a time."""
        self.folder.mkdir(parents=True)
        with _database() as database:
            for number in range(self.files):
                self._write_file(database, number, self.folder / f"{number:06}.{self.format}")

    def write_later(self, files: int) -> list[Path]:
        """Write the files that would follow, into a folder beside, and return them."""
        beside = self.folder.with_name(f"{self.folder.name}-later")
        beside.mkdir()
        numbers = range(self.files, self.files + files)
        paths = [beside / f"{number:06}.{self.format}" for number in numbers]
        with _database() as database:
            for number, path in zip(numbers, paths, strict=True):
                self._write_file(database, number, path)
        return paths

    def warm_up(self) -> None:
        """Read the bytes of every file, so that whoever reads them next has no cold disk to wait for."""
        for path in self.folder.iterdir():
            with path.open("rb") as file:
                while file.read(1 << 24):
                    pass

    def _first(self, file: int) -> int:
        """Return the number of the row a file begins with."""
        return file * (self.rows_in_file - self.rows_in_file * REPEATED_PERCENT // 100)

    def _write_file(self, database: duckdb.DuckDBPyConnection, file: int, path: Path) -> None:
        columns = AS_OUR_CSV if self.format == "csv" else "SELECT *"
        first = self._first(file)
        database.execute(
            f"COPY ({columns} FROM ({ROWS})) TO '{path}' {ENDING[self.format]}",
            {
                "first": first,
                "last": first + self.rows_in_file,
                "microseconds_between": YEAR_MICROSECONDS // self.different_rows,
            },
        )


def as_parquet(folder: Path, rows: int) -> Exports:
    """Return a year in ten Parquet files."""
    return Exports(folder, "parquet", PARQUET_FILES, rows // PARQUET_FILES)


def as_csv(folder: Path, rows: int) -> Exports:
    """Return a year in CSV files as large as exports make them."""
    return Exports(folder, "csv", rows // ROWS_OF_CSV, ROWS_OF_CSV)


def _database() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(config={"memory_limit": "2GB"})
    database.execute("CREATE MACRO draw(number, what) AS hash(hash(number, what)) / 18446744073709551616.0")
    return database
