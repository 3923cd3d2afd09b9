"""What is asked for a row next, seen from what was answered so far. Pure: the same for a live run and for a journal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from pydantic import BaseModel, ValidationError

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.keeping.fit import broken, fit
from aijobs_sdk.batch.keeping.outcome import Outcome, outcome_of
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.refusal import in_words
from aijobs_sdk.contract.results import GenerationResult
from aijobs_sdk.contract.shapes import problems_of

REPAIR = "repair"


class Ask(NamedTuple):
    """One more job for a row."""

    step: str
    """Its name among the jobs of the row; the first has none."""
    payload: Mapping[str, Any]


def next_step(item: Item, jobs: Sequence[Job], output_model: type[BaseModel] | None) -> Ask | Outcome:
    """Return what to ask next for a row whose jobs so far, all of them over, are these; else what became of it.

    A conversation asks its next turn. An answer that does not fit what was asked for is asked about once more, and
    then is a failure that shows what came; one that was cut off is not: the next would be, too. Nor is one over which
    the caller's class breaks, which another answer would hardly mend.
    """
    if not jobs:
        return Ask("", item.payload)
    if jobs[-1].result is None:
        return outcome_of(jobs, None, turns=_turns(item))
    result = GenerationResult.model_validate(jobs[-1].result)
    if len(jobs) < _turns(item):
        return Ask(f"turn/{len(jobs) + 1}", _next_turn(item, _answers(jobs)))
    outcome = outcome_of(jobs, result, turns=_turns(item))
    if "output_schema" not in item.payload or (result.output is None and result.tool_calls):
        return outcome
    try:
        problem = _misfit(result, output_model)
    except Exception as error:  # noqa: BLE001 - a validator is the caller's code: what it raises is one row's failure
        return outcome.failed(broken(error, provider=result.provider))
    if problem is None:
        return outcome
    if len(jobs) == _turns(item) and result.finish_reason != "length":
        return Ask(REPAIR, _repair(item, _answers(jobs), problem))
    return outcome.failed(_does_not_fit(problem, result))


def _turns(item: Item) -> int:
    return 1 + len(item.later_prompts)


def later_turns(item: Item, *, answer: str) -> list[Mapping[str, Any]]:
    """Return what is asked for a row after its first turn, should each of its answers be this one."""
    return [_next_turn(item, [answer] * number) for number in range(1, _turns(item))]


def second_asking(item: Item, *, answer: str, problem: str) -> list[Mapping[str, Any]]:
    """Return what is asked for a row should its last answer have this problem; nothing where none can."""
    if "output_schema" not in item.payload:
        return []
    return [_repair(item, [answer] * _turns(item), problem)]


def _next_turn(item: Item, answers: Sequence[str]) -> Mapping[str, Any]:
    payload = {**item.payload, "messages": _said(item, answers), "prompt": item.later_prompts[len(answers) - 1]}
    payload.pop("images", None)  # they stand in the first turn
    return payload


def _repair(item: Item, answers: Sequence[str], problem: str) -> Mapping[str, Any]:
    prompt = (
        f"This does not fit what was asked for: {problem}. Answer again with the corrected JSON object, and nothing "
        "beside it."
    )
    payload = {**item.payload, "messages": _said(item, answers), "prompt": prompt}
    payload.pop("images", None)
    return payload


def _said(item: Item, answers: Sequence[str]) -> list[Mapping[str, object]]:
    """Return the conversation so far."""
    said: list[Mapping[str, object]] = [*cast("Sequence[Mapping[str, object]]", item.payload.get("messages", ()))]
    images = item.payload.get("images", ())
    for prompt, answer in zip((item.payload["prompt"], *item.later_prompts), answers, strict=False):
        said.append({"role": "user", "content": prompt, **({"images": images} if images else {})})
        said.append({"role": "assistant", "content": answer})
        images = ()
    return said


def _answers(jobs: Sequence[Job]) -> list[str]:
    return [_content(job.result or {}) for job in jobs]


def _content(result: Mapping[str, Any]) -> str:
    output = result.get("output")
    return str(result.get("content") or "") if output is None else json.dumps(output, ensure_ascii=False)


def _misfit(result: GenerationResult, output_model: type[BaseModel] | None) -> str | None:
    """Return what is wrong with an answer as an object."""
    if result.output is None:
        return "it is not an object in JSON"
    if output_model is None:
        return None
    try:
        fit(result.output, output_model)
    except ValidationError as error:
        problems = problems_of(error, known=output_model.model_fields)
        return in_words(problems)
    return None


def _does_not_fit(problem: str, result: GenerationResult) -> ErrorInfo:
    cut = "It was cut off: allow more `max_tokens`. " if result.finish_reason == "length" else ""
    return ErrorInfo(
        code="invalid_output",
        category=ErrorCategory.VALIDATION,
        message=f"{cut}The answer does not fit: {problem}. `content` is what came.",
        provider=result.provider,
    )
