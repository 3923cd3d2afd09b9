"""The SDK's own log: on standard error where AIJOBS_LOG and AIJOBS_LOG_FORMAT ask for it, else the application's."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.shapes import nearest, shape_of
from aijobs_sdk.engine.log_context import FIELDS, JobLogFilter

ours = logging.getLogger("aijobs")
ours.addHandler(logging.NullHandler())  # else Python writes warnings to standard error: in a notebook, into a cell


class LogFormat(StrEnum):
    """How a line looks."""

    TEXT = "text"
    JSON = "json"


def show_logs(environment: Mapping[str, str]) -> None:
    """Send our log to standard error at the level that AIJOBS_LOG names; unset, logging is the application's.

    Raises:
        ConfigurationError: a variable cannot be used; it is named.
    """
    log_format = _format(environment)
    level = _level(environment)
    if level is None:
        return
    ours.setLevel(level)
    shown = next((handler for handler in ours.handlers if isinstance(handler, _OurHandler)), None)
    if shown is None:
        if any(not isinstance(handler, logging.NullHandler) for handler in ours.handlers):
            return  # the application's: it has decided where our lines go
        shown = _OurHandler()
        shown.addFilter(JobLogFilter())
        ours.addHandler(shown)
    shown.setFormatter(TextLines() if log_format is LogFormat.TEXT else JsonLines())


class TextLines(logging.Formatter):
    """Lines for people; inside a job they end with its fields."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return the line."""
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        return super().formatMessage(record) + fields


class JsonLines(logging.Formatter):
    """Lines for programs: one object each, with the job's fields inside a job."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class _OurHandler(logging.StreamHandler):  # type: ignore[type-arg] # generic to type checkers only
    """Told from an application's, so that its format can change."""


def _fields(record: logging.LogRecord) -> dict[str, object]:
    values = {name: getattr(record, name, None) for name in FIELDS}
    return {name: value for name, value in values.items() if value is not None}


def _format(environment: Mapping[str, str]) -> LogFormat:
    name = environment.get("AIJOBS_LOG_FORMAT", "").strip().lower()
    try:
        return LogFormat(name or LogFormat.TEXT)
    except ValueError:
        raise ConfigurationError(f"AIJOBS_LOG_FORMAT must be text or json, got {shape_of(name)}.") from None


def _level(environment: Mapping[str, str]) -> int | None:
    name = environment.get("AIJOBS_LOG", "").strip().upper()
    if not name:
        return None
    levels = logging.getLevelNamesMapping()
    if name not in levels:
        raise ConfigurationError(f"AIJOBS_LOG must be a log level.{nearest(name, levels)}")
    return levels[name]
