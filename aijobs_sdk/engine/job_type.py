"""A job type: a name, the model of its payload, and the function that does the work."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, JsonValue, Secret, SecretBytes, SecretStr

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.job import DEFAULT_MAX_ATTEMPTS, Job, JobRequest, Priority, Rate
from aijobs_sdk.contract.shapes import nearest, shape_of, shortened
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.declared import all_held_by, declared_by
from aijobs_sdk.engine.kept_payload import kept_faithfully
from aijobs_sdk.engine.own_thread import run_in_thread

P = TypeVar("P", bound=BaseModel)
LONGEST_NAME = 100
_NAME = re.compile(rf"[^\x00-\x1f\x7f\ud800-\udfff]{{1,{LONGEST_NAME}}}")
Result = BaseModel | Mapping[str, JsonValue]
"""What a handler returns: anything JSON can hold, as a model or as a mapping."""


@dataclass(frozen=True, slots=True)
class JobType(Generic[P]):
    """What can be asked for under one name, and who does it."""

    name: str
    payload_model: type[P]
    run: Callable[[JobContext, P], Awaitable[Result]]
    prepare: Callable[[P], P] = lambda payload: payload
    """Checks and completes a payload at submit, before anything is stored; raises InvalidRequestError."""
    check: Callable[[P], P] | None = None
    """Refuses what `prepare` would, and completes nothing, where that is less work; None: `prepare` is asked."""
    get_ready: Callable[[Sequence[Mapping[str, object]]], Awaitable[None]] | None = None
    """Awaited before `prepare`: loads what it needs for these payloads, which nobody has checked yet."""
    estimate: Callable[[P], Awaitable[Estimate]] | None = None
    """Says what a payload would cost, as it would be prepared; None where the type costs nothing that is known."""
    priority: Priority = Priority.NORMAL
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    max_running: int | None = None
    """How many may run at once, over all workers of a store; None: as many as the workers can."""
    rate: Rate | None = None
    """How fast one tenant may submit them; None: at any rate."""
    result_model: type[BaseModel] | None = None
    """What every result has to be, where the handler says so."""
    keep: Callable[[BaseModel], Mapping[str, object]] = kept_faithfully
    """Makes of a payload what is stored; `kept` does so for a model that is known to read what it wrote."""
    after_cancel: Callable[[Job], JobRequest | None] = lambda job: None
    """Says which job, if any, tidies up after one of these that was cancelled: while that waits, no handler runs."""

    def __post_init__(self) -> None:
        _check(self.name, max_running=self.max_running, max_attempts=self.max_attempts)
        if self.rate is not None and not isinstance(self.rate, Rate):
            raise TypeError(f"`rate` of job type {self.name!r} must be a Rate, such as `Rate(jobs=5, seconds=1)`.")
        if self.priority not in list(Priority):
            raise ValueError(
                f"`priority` of job type {self.name!r} must be {' or '.join(map(repr, map(str, Priority)))}."
            )
        object.__setattr__(self, "priority", Priority(self.priority))  # "high" is as good, here as at a submit


def _check(name: object, **numbers: int | None) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"`name` of a job type must be {LONGEST_NAME} printed characters at most, got {shape_of(name)}."
        )
    for field, number in numbers.items():
        if number is not None and (not isinstance(number, int) or number < 1):
            got = number if isinstance(number, int) else shape_of(number)
            raise ValueError(f"`{field}` of job type {name!r} must be a whole number from 1 up, got {got}.")


class JobTypes(Mapping[str, JobType[Any]]):
    """The job types one backend knows, by name."""

    def __init__(self, types: Iterable[JobType[Any]]) -> None:
        self._types: dict[str, JobType[Any]] = {}
        for job_type in types:
            if job_type.name in self._types:
                raise InvalidRequestError(f"Two job types are named {job_type.name!r}. Rename one of them.")
            self._types[job_type.name] = job_type

    def __getitem__(self, name: str) -> JobType[Any]:
        try:
            return self._types[name]
        except KeyError:
            shown, hint = shortened(name), nearest(name, self._types)
            problem = f"no job type {shown!r}.{hint}"
            raise InvalidRequestError(
                f"Unknown job type {shown!r}.{hint} `aijobs types` lists them.",
                code="unknown_job_type",
                fields=[FieldProblem(field="type", problem=problem)],
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._types

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)


def job_type(
    name: str,
    *,
    priority: Priority = Priority.NORMAL,
    max_attempts: int = DEFAULT_MAX_ATTEMPTS,
    max_running: int | None = None,
    rate: Rate | None = None,
) -> Callable[[Callable[[JobContext, P], Awaitable[Result] | Result]], JobType[P]]:
    """Make a job type of a function: `@job_type("shout")` over `async def shout(context, payload: Shout)`.

    The payload's annotation, a pydantic model, is what submits are checked against. A function that is not
    `async` runs in a thread: it cannot be cancelled, only outlived. Where the return annotation is a pydantic model,
    a result that does not fit it fails the job. Give what comes back to `Client(job_types=[shout])`.

    Args:
        name: what it is asked for by.
        priority: of jobs whose caller names none.
        max_attempts: how often a job may be tried, where its caller does not say.
        max_running: how many may run at once, over all workers of a store.
        rate: how fast one tenant may submit them.

    Raises:
        TypeError: the second parameter is not annotated with a pydantic model, that model hides a value from whoever
            stores it, or the function yields.
        ValueError: a number is less than 1, the name is none, or `priority` is not `high`, `normal` or `low`.
    """

    def make(function: Callable[[JobContext, P], Awaitable[Result] | Result]) -> JobType[P]:
        hints = typing.get_type_hints(function, localns=_locals_of_caller())
        return JobType(
            name=name,
            payload_model=_payload_model(function, hints),
            run=_as_coroutine(function),
            priority=priority,
            max_attempts=max_attempts,
            max_running=max_running,
            rate=rate,
            result_model=_model(hints.get("return")),
        )

    return make


def _payload_model(function: Callable[[JobContext, P], object], hints: Mapping[str, object]) -> type[P]:
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(f"{function.__name__!r} yields: return the result, and show text with `context.write()`.")
    parameters = list(inspect.signature(function).parameters)
    model = _model(hints.get(parameters[1])) if len(parameters) > 1 else None
    if model is None:
        raise TypeError(
            f"{getattr(function, '__name__', function)!r} needs two parameters, the second annotated with its "
            "pydantic payload model: `async def shout(context: JobContext, payload: Shout)`."
        )
    if (hidden := _hidden_in(model)) is not None:
        raise TypeError(f"`{hidden}` of {model.__name__} is a secret that cannot be stored: make it a `str`.")
    return typing.cast("type[P]", model)


def _hidden_in(model: type[BaseModel]) -> str | None:
    """Return a field of which nothing but asterisks would be stored."""
    return next((path for path, held in all_held_by(declared_by(model)) if any(map(_is_secret, held.each))), None)


def _is_secret(kind: object) -> bool:
    kind = typing.get_origin(kind) or kind
    return isinstance(kind, type) and issubclass(kind, Secret | SecretStr | SecretBytes)


def _model(annotation: object) -> type[BaseModel] | None:
    if annotation is BaseModel or not isinstance(annotation, type):
        return None
    return annotation if issubclass(annotation, BaseModel) else None


def _as_coroutine(
    function: Callable[[JobContext, P], Awaitable[Result] | Result],
) -> Callable[[JobContext, P], Awaitable[Result]]:
    if inspect.iscoroutinefunction(function):
        return function

    async def in_thread(context: JobContext, payload: P) -> Result:
        made = await run_in_thread(function, context, payload)
        return await made if inspect.isawaitable(made) else made  # a decorator may hide that it is a coroutine's

    return in_thread


def _locals_of_caller() -> dict[str, object]:
    # A payload model defined in the same function as its handler is invisible to get_type_hints.
    frame = inspect.currentframe()
    for _ in range(2):
        frame = frame.f_back if frame is not None else None
    return dict(frame.f_locals) if frame is not None else {}
