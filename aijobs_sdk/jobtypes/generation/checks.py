"""What a model does not take is refused by name, before anybody is asked."""

from __future__ import annotations

from collections.abc import Iterator

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.provider import ReasoningEffort
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from aijobs_sdk.providers.model import Model, Parameter

_PARAMETERS = {one.value: one for one in Parameter}


def check_fit(payload: GenerationPayload, model: Model, prompt_tokens: int) -> None:
    """Return when the model can do what is asked.

    Raises:
        InvalidRequestError: it cannot; each field at fault is named.
    """
    if model.kind != "text":
        raise refused("model", f"is {model.name!r}, which makes {model.kind}s; `aijobs models` lists those for text")
    if problems := [*_parameter_problems(payload, model)]:
        raise _refused(*problems)
    if model.context_window is not None and prompt_tokens > model.context_window:
        raise refused(
            "prompt",
            f"has about {prompt_tokens:,} tokens, and {model.name} reads at most {model.context_window:,}: "
            "shorten it, or choose a model with a larger context window",
            code="context_too_long",
        )
    if model.max_output_tokens is not None and (payload.max_tokens or 0) > model.max_output_tokens:
        problem = f"is {payload.max_tokens:,}, and {model.name} writes at most {model.max_output_tokens:,}"
        raise refused("max_tokens", problem)


def refused(field: str, problem: str, code: str = "invalid_payload") -> InvalidRequestError:
    """Return the error that names one field of a payload."""
    return _refused(FieldProblem(field=field, problem=problem), code=code)


def _refused(*problems: FieldProblem, code: str = "invalid_payload") -> InvalidRequestError:
    listed = "; ".join(f"`payload.{one.field}` {one.problem}" for one in problems)
    return InvalidRequestError(f"Cannot submit this job: {listed}.", code=code, fields=problems)


def _parameter_problems(payload: GenerationPayload, model: Model) -> Iterator[FieldProblem]:
    named = set(_named(payload))
    for one in sorted(named - model.takes):
        yield FieldProblem(field=one, problem=f"is nothing that {model.name} takes: leave it out")
    for one, other in model.not_together:
        if {one, other} <= named:
            yield FieldProblem(field=other, problem=f"cannot go with `{one}` at {model.name}: leave one of them out")
    if Parameter.TEMPERATURE in named & model.takes and (payload.temperature or 0) > model.most_temperature:
        problem = f"is {payload.temperature:g}, and {model.name} takes at most {model.most_temperature:g}"
        yield FieldProblem(field="temperature", problem=problem)
    effort = payload.reasoning_effort
    if Parameter.REASONING_EFFORT in named & model.takes and effort not in model.reasoning_efforts:
        known = ", ".join(model.reasoning_efforts)
        yield FieldProblem(field="reasoning_effort", problem=f"is {effort!s}, and {model.name} knows: {known}")


def _named(payload: GenerationPayload) -> Iterator[Parameter]:
    """Yield what the caller asks for beside text in, text out. No reasoning is what a model without it does anyway."""
    for field in payload.model_fields_set & _PARAMETERS.keys():
        if getattr(payload, field) not in (None, (), ReasoningEffort.NONE):
            yield _PARAMETERS[field]
    if any(message.images for message in payload.messages):
        yield Parameter.IMAGES
