"""`aijobs models` and `aijobs types`: what can be named."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from aijobs_sdk.cli import display
from aijobs_sdk.cli.options import job_types_option, json_option
from aijobs_sdk.connect.models import known_models
from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.connect.wiring import with_standard_types
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.providers.models import ModelTable


@click.command()
@json_option
def models(*, as_json: bool) -> None:
    """List the models that can be named, with what they cost.

    Those in the file that AIJOBS_MODELS names are among them.
    """
    table = known_models()
    if as_json:
        click.echo(json.dumps([model.model_dump(mode="json") for model in table], indent=2))
    else:
        display.print_models(table)


@click.command()
@job_types_option
@json_option
def types(*, job_types: list[JobType[Any]], as_json: bool) -> None:
    """List the job types, with the fields of their payloads."""
    known = with_standard_types(ModelTable.load(), job_types, Settings.read(os.environ)).values()
    if as_json:
        click.echo(json.dumps({kind.name: kind.payload_model.model_json_schema() for kind in known}, indent=2))
    else:
        display.print_types(known)
