"""Several statements to a PostgreSQL server and all their answers in one trip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


@contextmanager
def one_trip(raw: psycopg.Connection[Any]) -> Iterator[None]:
    """Send everything inside together; what goes wrong first is raised. Outside of a transaction it is one of its own.

    A pipeline that ends under an error of its own would log the second one, which says nothing new.
    """
    first: psycopg.Error | None = None
    try:
        with raw.pipeline():
            try:
                yield
            except psycopg.Error as error:
                first = error
    except psycopg.Error as error:
        raise first or error from None
    if first is not None:
        raise first
