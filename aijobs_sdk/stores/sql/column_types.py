"""Values that SQLite has no type of its own for: ids, instants and amounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Dialect, LargeBinary, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_SECONDS = 86_400
_SECOND_MICROSECONDS = 1_000_000
Convert = Callable[[Any], Any]


class _Kept(TypeDecorator[Any]):
    """A value with a type of its own in PostgreSQL, and a form to keep it in elsewhere.

    The processors are the functions below themselves: SQLAlchemy's way around them costs more than what they do.
    """

    impl = Text
    own: TypeEngine[Any]
    """PostgreSQL's type."""
    form: TypeEngine[Any]
    """What stands in for it."""
    keep: Convert
    """Makes the form of a value, or None of None, as the other two."""
    find: Convert
    """Makes the value of its form."""
    take: Convert | None = None
    """Makes the value of what PostgreSQL returns, where that is not it already."""

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the database's own type where it has one."""
        return dialect.type_descriptor(self.own if dialect.name == "postgresql" else self.form)

    def bind_processor(self, dialect: Dialect) -> Convert | None:
        """Return what makes a value fit for the database."""
        return None if dialect.name == "postgresql" else self.keep

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert | None:
        """Return what makes a value of what the database returns."""
        return self.take if dialect.name == "postgresql" else self.find


def _bytes_of(value: UUID | None) -> bytearray | None:
    # SQLite's driver would look for somebody to adapt bytes.
    return None if value is None else bytearray(value.bytes)


def _uuid_of(kept: bytes | None) -> UUID | None:
    return None if kept is None else UUID(bytes=kept)


@lru_cache(1024)  # the jobs of one transaction share most of their instants
def _microseconds_of(value: datetime | None) -> int | None:
    if value is None:
        return None
    since = value - _EPOCH  # to divide it by a timedelta takes three times as long, and a job has many instants
    return (since.days * _DAY_SECONDS + since.seconds) * _SECOND_MICROSECONDS + since.microseconds


def _instant_of(kept: int | None) -> datetime | None:
    return None if kept is None else _EPOCH + timedelta(microseconds=kept)


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def _digits_of(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _amount_of(kept: str | None) -> Decimal | None:
    return None if kept is None else Decimal(kept)


class Identifier(_Kept):
    """A UUID; in SQLite its 16 bytes."""

    own, form = Uuid(), LargeBinary(16)
    keep, find = staticmethod(_bytes_of), staticmethod(_uuid_of)
    cache_ok = True


class Instant(_Kept):
    """An aware instant in UTC; in SQLite, microseconds since 1970, which sort and compare."""

    own, form = TIMESTAMP(timezone=True), BigInteger()
    keep, find, take = staticmethod(_microseconds_of), staticmethod(_instant_of), staticmethod(_in_utc)
    cache_ok = True


class Amount(_Kept):
    """An exact decimal; in SQLite its digits as text, because a number there is a float."""

    own, form = Numeric(18, 6), Text()
    keep, find = staticmethod(_digits_of), staticmethod(_amount_of)
    cache_ok = True
