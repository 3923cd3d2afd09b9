"""The options that several commands share."""

from __future__ import annotations

import click

from aijobs_sdk.cli.own_types import import_job_types

PROFILES = click.Choice(["instant", "fast", "typical", "stress"])

url_option = click.option("--url", metavar="URL", help="Where jobs run.  [default: AIJOBS_URL, then memory://]")
database_option = click.option("--url", metavar="URL", help="Which database.  [default: AIJOBS_URL]")
seed_option = click.option("--seed", type=int, default=0, show_default=True, help="The simulation's seed.")
profile_option = click.option(
    "--profile", type=PROFILES, default="fast", show_default=True, help="How the simulation behaves."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program.")
job_types_option = click.option(
    "--job-types",
    multiple=True,
    metavar="MODULE:NAME",
    callback=lambda _, __, names: import_job_types(names),
    help="Job types of your own, such as 'mytypes:shout'; may be said several times.",
)
