"""A bill in one shot, in an interpreter of its own: `python peers.py NAME FORMAT FOLDER [MONTH]`; no month: the year.

Each reads the files, drops rows whose id it has seen, and tells for each tenant, model and month how many rows there
are, their tokens, their exact credits, and the exact 95th percentile of their tokens. It imports nothing of ours, so
that peers may live in an environment that holds only them.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

Group = tuple[Any, ...]
"""Tenant, model, month; rows, tokens, credits, 95th percentile of the tokens."""

KEYS = ["tenant_id", "model", "month_year"]
COLUMNS = ["id", *KEYS, "input_tokens", "output_tokens", "credits_used"]
PLACES = 6
"""Of credits."""


def duckdb(kind: str, folder: Path, month: str | None) -> list[Group]:
    """Read into a table with types, then leave out what came before under the same id, found over ids alone."""
    import duckdb as engine  # noqa: PLC0415

    wanted = f"month_year = '{month}'" if month else "true"
    database = engine.connect()
    database.execute(
        "CREATE TABLE arrived AS SELECT id::UUID AS id, tenant_id, model, month_year, "
        f"input_tokens + output_tokens AS tokens, credits_used FROM {_duckdb_files(kind, folder)} WHERE {wanted}"
    )
    return database.execute(
        """
        WITH repeated AS (SELECT id, min(rowid) AS first FROM arrived GROUP BY id HAVING count(*) > 1),
        left_out AS (SELECT arrived.rowid FROM arrived JOIN repeated USING (id) WHERE arrived.rowid <> first)
        SELECT
            tenant_id, model, month_year, count(*), sum(tokens)::BIGINT, sum(credits_used), quantile_cont(tokens, 0.95)
        FROM arrived WHERE rowid NOT IN (FROM left_out) GROUP BY ALL
        """
    ).fetchall()


def _duckdb_files(kind: str, folder: Path) -> str:
    files = folder / f"*.{kind}"
    if kind == "parquet":
        return f"read_parquet('{files}')"
    # It is told every type: where it has to guess one, it takes six times as long.
    types = {"id": "UUID", "input_tokens": "BIGINT", "output_tokens": "BIGINT", "credits_used": "DECIMAL(18,6)"}
    with min(folder.glob("*.csv")).open(encoding="utf-8") as first:
        columns = {column: types.get(column, "VARCHAR") for column in first.readline().strip().split(",")}
    return f"read_csv('{files}', columns = {columns}, header = true, auto_detect = false)"


def polars(kind: str, folder: Path, month: str | None) -> list[Group]:
    """Read into memory, and keep any one row of each id."""
    import polars as pl  # noqa: PLC0415

    files = folder / f"*.{kind}"
    if kind == "csv":
        rows = pl.scan_csv(files, schema_overrides={"credits_used": pl.Decimal(18, PLACES)})
    else:
        rows = pl.scan_parquet(files)
    wanted = rows.filter(pl.col("month_year") == month) if month else rows
    groups = (
        wanted.select("id", *KEYS, "credits_used", tokens=pl.col("input_tokens") + pl.col("output_tokens"))
        .unique("id", keep="any")
        .group_by(KEYS)
        .agg(
            pl.len(),
            pl.sum("tokens"),
            pl.sum("credits_used"),
            p95=pl.quantile("tokens", 0.95, interpolation="linear"),
        )
    )
    return list(groups.collect(engine="in-memory").rows())


def pandas(kind: str, folder: Path, month: str | None) -> list[Group]:
    """Read by pyarrow, its quickest reader; credits are whole millionths, as it adds decimals up one by one."""
    import pandas as pd  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    read = _arrow_csv if kind == "csv" else _arrow_parquet
    table = pa.concat_tables([read(path) for path in sorted(folder.glob(f"*.{kind}"))])
    table = table.filter(pc.field("month_year") == month) if month else table
    tokens = pc.add(table["input_tokens"], table["output_tokens"])
    millionths = pc.multiply(table["credits_used"], pa.scalar(Decimal(10**PLACES))).cast(pa.decimal128(38, PLACES))
    table = table.select(["id", *KEYS]).append_column("tokens", tokens)
    table = table.append_column("millionths", millionths.cast(pa.int64()))
    rows = table.to_pandas(types_mapper=pd.ArrowDtype)
    del table, tokens, millionths
    types = {**dict.fromkeys(KEYS, "category"), "tokens": "int64", "millionths": "int64"}
    rows = rows.drop_duplicates("id").drop(columns="id").astype(types)
    by_key = rows.groupby(KEYS, observed=True, sort=False)
    groups = by_key.agg(rows=("tokens", "size"), tokens=("tokens", "sum"), millionths=("millionths", "sum"))
    groups["p95"] = by_key["tokens"].quantile(0.95)
    return [
        (*keys, count, tokens, Decimal(millionths).scaleb(-PLACES), p95)
        for keys, count, tokens, millionths, p95 in groups.itertuples(name=None)
    ]


def _arrow_csv(path: Path) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv  # noqa: PLC0415

    types = {"credits_used": pa.decimal128(18, PLACES), "month_year": pa.string()}
    return csv.read_csv(path, convert_options=csv.ConvertOptions(include_columns=COLUMNS, column_types=types))


def _arrow_parquet(path: Path) -> pa.Table:
    from pyarrow import parquet  # noqa: PLC0415

    return parquet.read_table(path, columns=COLUMNS)


PEERS: dict[str, Callable[[str, Path, str | None], list[Group]]] = {
    "polars": polars,
    "duckdb": duckdb,
    "pandas": pandas,
}
"""By the name of what has to be installed."""


def bill_of(groups: Iterable[Group]) -> dict[str, str | int | float]:
    """Return what groups add up to, to hold one engine's against another's."""
    groups = list(groups)
    *_, rows, tokens, amounts, p95 = zip(*groups, strict=True)
    return {
        "groups": len(groups),
        "rows": int(sum(rows)),
        "tokens": int(sum(tokens)),
        "credits": str(sum(amounts, Decimal())),
        "p95": round(math.fsum(p95), 3),
    }


def peak_megabytes() -> float:
    """Return the most of this process that was resident; `getrusage` would count what its parent had, too."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def main(name: str, kind: str, folder: str, month: str | None = None) -> None:
    """Measure, and print what it took and what came of it as JSON."""
    __import__(name)  # what it takes to load is not measured
    start = time.perf_counter()
    groups = PEERS[name](kind, Path(folder), month)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "megabytes": peak_megabytes(), "bill": bill_of(groups)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
