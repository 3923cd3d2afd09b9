"""Whether there is anything to read at an address: SQLite makes the file that it opens, also one of a mistyped name."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.contract.errors import ConfigurationError


def existing(url: str | None) -> str | None:
    """Return the address as it was given, unless it, or else AIJOBS_URL, names a file that is not there.

    Raises:
        ConfigurationError: it does; no file was made.
    """
    address = Settings.read(os.environ, url=url).url
    if urlsplit(address).scheme != "sqlite":
        return url
    try:
        from aijobs_sdk.stores.sql.address import file_of  # noqa: PLC0415 - an extra, and slow to import
    except ModuleNotFoundError:  # who opens it says what is missing
        return url
    if not (file := file_of(address)).exists():
        raise ConfigurationError(
            f"There is no database {file}. See that the URL, or AIJOBS_URL, names the right file: it is made where "
            "jobs are submitted or run."
        )
    return url
