"""What a database says when it cannot be used, what to do then, and whether that passes."""

from __future__ import annotations

import sqlite3

from aijobs_sdk.contract.errors import StoreUnavailableError

_PRIMARY_CODE = 0xFF
"""Of SQLite's error codes: the other bits say more about it."""
_PASSING_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock not available: the transaction was undone, and may be tried again."""


class RowRefusedError(ValueError):
    """What was to be written is nothing that the database keeps, such as a second row of one id; the log says more."""


class DatabaseError(StoreUnavailableError):
    """The database refused, or was not there. Its own words, without any values."""

    def __init__(self, name: str, error: BaseException | None, *, connection_lost: bool = False) -> None:
        said = first_line(error)
        super().__init__(f"Cannot use {name}: {said}. {_advice(said)}")
        sqlstate = getattr(error, "sqlstate", None)
        self.passing = sqlstate in _PASSING_SQLSTATES
        """Whether the transaction was undone for a reason that may be gone the next time."""
        self.connection_lost = connection_lost or (sqlstate or "").startswith(("08", "57P"))
        """Whether nobody can say if the transaction was committed."""
        self.kept_out = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
        """Whether another program has locked the file, whatever was to be done in it."""

    def __reduce__(self) -> tuple[object, ...]:
        return StoreUnavailableError, (self.message,)


def first_line(error: BaseException | None) -> str:
    """Return what a database says of an error, without values and without its end."""
    diagnosis = getattr(getattr(error, "diag", None), "message_primary", None)
    return (
        str(diagnosis or error).strip().splitlines()[0].rstrip(".") if str(diagnosis or error).strip() else "no answer"
    )


_MORE_CONNECTIONS = "Let the server take more connections, some four for each process, or close others."
_ADVICE = {
    "is not a database": "The file is something else, or damaged: name another, or restore a copy.",
    "malformed": "The file is damaged: restore a copy, or move it away to begin anew.",
    "disk is full": "Free some space: what was stored is safe, and workers go on by themselves.",
    "readonly": "Make the file and its folder writable for this user.",
    "unable to open": "Make sure that this user can read and write the file and its folder.",
    "locked": "Another program keeps it locked; see that none holds a transaction open.",
    "I/O error": "See that the disk or network drive works and has room.",
    "permission denied": "Give this user the rights to make tables, and to read and write those that are there.",
    "read-only transaction": "This server or user only reads: name one that writes.",
    "no schema": "Name in its `search_path` a schema that is there, in which this user may make tables.",
    "does not exist": "Make it first, or name another.",
    "connection option": "See what stands behind the `?` of its address.",
    "authentication failed": "See that the user and the password of its address are right.",
    "no answer within": "See that the server, or a proxy before it, is not held up, and that nobody locks its tables.",
    "too many clients": _MORE_CONNECTIONS,
    "too many connections": _MORE_CONNECTIONS,
    "no such": "The file is not ours, or damaged: name another, or restore a copy.",
}


def _advice(said: str) -> str:
    return next(
        (advice for word, advice in _ADVICE.items() if word in said), "See that the server runs and can be reached."
    )
