"""A simulated world in a file: TOML, or YAML where PyYAML is there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.shapes import nearest, shape_of
from aijobs_sdk.engine.chance import Seed
from aijobs_sdk.simulation.load import Capacity
from aijobs_sdk.simulation.rate_limits import RateLimit
from aijobs_sdk.simulation.rules import Rule
from aijobs_sdk.simulation.scenario_forms import RuleForm, ScenarioForm, field_problem, names_at
from aijobs_sdk.simulation.scenario_lines import (
    DuplicateFieldError,
    FieldPath,
    Lines,
    line_of,
    toml_lines,
    yaml_lines,
)
from aijobs_sdk.simulation.timeline import Incident

_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_DIGITS = re.compile(r"[\d_]+")
_Form = TypeVar("_Form", bound=BaseModel)


class Scenario(Fact):
    """What a file says about a world; `Simulation.load()` makes it so."""

    seed: Seed | None = None
    """None: as the caller says."""
    profile: str | None = None
    limits: tuple[RateLimit, ...] = ()
    capacities: tuple[Capacity, ...] = ()
    rules: tuple[Rule, ...] = ()
    incidents: tuple[Incident, ...] = ()

    @staticmethod
    def load(path: str | Path) -> Scenario:
        """Return what the file says; its name ends in `.toml`, `.yaml` or `.yml`.

        Raises:
            ConfigurationError: the file cannot be read.
            InvalidRequestError: something in it cannot be used: file, line and field are named.
        """
        source = _read(Path(path))
        return _scenario(_checked(ScenarioForm, source.data, source), file=source.name)

    @staticmethod
    def of(json: JsonValue) -> Scenario:
        """Return what a JSON object in the form of a file says.

        Raises:
            InvalidRequestError: it cannot be used; the fields are named.
        """
        return _scenario(_checked(ScenarioForm, json, None), file=None)

    @staticmethod
    def rule_of(json: JsonValue) -> Rule:
        """Return the rule that a JSON object in the form of a file's rules says.

        Raises:
            InvalidRequestError: it cannot be used; the fields are named.
        """
        return _checked(RuleForm, json, None).rule()


def _scenario(form: ScenarioForm, *, file: str | None) -> Scenario:
    return Scenario(
        seed=form.seed,
        profile=form.profile,
        limits=tuple(one.limit() for one in form.limits),
        capacities=tuple(one.capacity() for one in form.capacities),
        rules=tuple(one.rule(file=file) for one in form.rules),
        incidents=tuple(one.incident() for one in form.timeline),
    )


class _Source(NamedTuple):
    """A file that could be read."""

    name: str
    data: object
    lines: Callable[[], Lines]
    """Looked for when something is wrong only."""

    def place(self, path: FieldPath) -> str:
        line = line_of(path, self.lines())
        return self.name if line is None else f"{self.name}, line {line}"


def _read(path: Path) -> _Source:
    readers = {".toml": _read_toml, ".yaml": _read_yaml, ".yml": _read_yaml}
    if path.suffix not in readers:
        raise ConfigurationError(f"{path.name} is no scenario: its name must end in .toml, .yaml or .yml.")
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"Cannot read the scenario {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"Cannot read the scenario {path}: it is not in UTF-8.") from error
    try:
        return readers[path.suffix](path.name, text)
    except RecursionError:
        raise ConfigurationError(f"Cannot read the scenario {path}: it is nested too deeply.") from None


def _read_toml(name: str, text: str) -> _Source:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise _unreadable(name, line, "TOML", _LINE.sub("", str(error)).strip()) from None
    except ValueError:  # of Python's own reading of numbers
        raise _unreadable(name, _line_of_digits(text), "TOML", "it holds a whole number of too many digits") from None
    return _Source(name, data, lambda: toml_lines(text))


def _line_of_digits(text: str) -> int:
    return text.count("\n", 0, max(_DIGITS.finditer(text), key=lambda found: len(found[0])).start()) + 1


def _read_yaml(name: str, text: str) -> _Source:
    try:
        import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"{name} needs PyYAML: pip install 'aijobs-sdk[yaml]'. The same in TOML needs nothing."
        ) from None
    try:
        lines = yaml_lines(yaml.compose(text, Loader=yaml.SafeLoader))
        data = yaml.safe_load(text)
    except DuplicateFieldError as error:
        problem = field_problem(ScenarioForm, error.path, "is there twice")
        raise _refusal(ScenarioForm, [problem], [f"{name}, line {error.line}"]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _unreadable(name, mark.line + 1 if mark else 1, "YAML", error.problem or "it ends too early") from None
    except yaml.YAMLError:
        raise _unreadable(name, 1, "YAML", "it holds characters that are not allowed") from None
    except ValueError as error:  # a date that is none
        raise _unreadable(name, 1, "YAML", str(error)) from None
    return _Source(name, {} if data is None else data, lambda: lines)


def _unreadable(name: str, line: int, language: str, problem: str) -> InvalidRequestError:
    said = problem[:1].lower() + problem[1:]
    return InvalidRequestError(
        f"{name}, line {line}: this is no {language}: {said}. Nothing of it was applied.",
        code="invalid_scenario",
        fields=[FieldProblem(field="scenario", problem=f"line {line} is no {language}: {said}")],
    )


def _checked(form: type[_Form], data: object, source: _Source | None) -> _Form:
    try:
        return form.model_validate(data)
    except ValidationError as error:
        found = [
            (one["loc"], _problem(form, one["type"], one["msg"], one["loc"], one["input"]))
            for one in error.errors(include_url=False, include_context=False)
        ]
    problems = [field_problem(form, path, problem) for path, problem in found]
    raise _refusal(form, problems, [None if source is None else source.place(path) for path, _ in found])


def _refusal(
    form: type[BaseModel], problems: Sequence[FieldProblem], places: Sequence[str | None]
) -> InvalidRequestError:
    said = [
        f"{one.field} {one.problem}" if place is None else f"{place}: {one.field} {one.problem}"
        for one, place in zip(problems, places, strict=True)
    ]
    name = form.__name__.removesuffix("Form").lower()
    end = f"Nothing of this {name} was applied."
    stop = "" if said[0].endswith("?") else "."
    message = f"{said[0]}{stop} {end}" if len(said) == 1 else "\n".join([f"{len(said)} problems:", *said, end])
    return InvalidRequestError(message, code=f"invalid_{name}", fields=problems)


def _problem(form: type[BaseModel], kind: str, message: str, path: FieldPath, value: object) -> str:
    if kind == "extra_forbidden":
        return f"is not a field here.{nearest(str(path[-1]), names_at(form, path[:-1]))}".removesuffix(".")
    if kind == "missing":
        return "is required"
    if kind == "value_error":
        return message.removeprefix("Value error, ").removesuffix(".")
    return f"{message[:1].lower()}{message[1:]}, got {shape_of(value)}"
