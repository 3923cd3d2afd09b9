"""The job types of report blocks, over one table of models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.jobtypes.blocks.analysis import block_analyze
from aijobs_sdk.jobtypes.blocks.changing import block_generate, block_refine
from aijobs_sdk.jobtypes.generation.writers import Writers
from aijobs_sdk.providers.models import ModelTable


def block_job_types(
    models: ModelTable, *, quotes_by_vocabulary: bool = False, vocabularies: Path | None = None
) -> Sequence[JobType[Any]]:
    """Return `block_generate`, `block_refine` and `block_analyze`; the arguments are those of `ai_generation()`."""
    writers = Writers(models, quotes_by_vocabulary, vocabularies)
    return block_generate(writers), block_refine(writers), block_analyze(writers)
