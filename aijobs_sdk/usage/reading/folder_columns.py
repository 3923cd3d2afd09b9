"""Columns that files lack, as the folders of a lake tell them: `month_year=2026-01/part.parquet`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote

from aijobs_sdk.usage.columns import EXPORT_COLUMNS

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def folder_columns(path: str) -> Mapping[str, str]:
    """Return the columns of an export that folders on the way to `path` tell, with their text; the nearest folder's."""
    parts = [folder.partition("=") for folder in PurePosixPath(path).parts[:-1]]
    told = {name.lower(): value for name, equals, value in parts if equals and name.lower() in EXPORT_COLUMNS}
    return {name: "" if value == _NO_VALUE else unquote(value) for name, value in told.items()}
