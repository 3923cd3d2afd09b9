"""The magics in a real kernel."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from panels.kernel import Kernel, running_kernel

SETUP = """
    %load_ext aijobs_sdk
    import aijobs_sdk as aijobs
    from pydantic import BaseModel
    import tempfile
    aijobs.set_display("off")
    client = aijobs.Client(profile="instant", artifacts=tempfile.TemporaryDirectory().name)
    class Recipe(BaseModel):
        title: str
"""

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with running_kernel() as kernel:
        kernel.run(SETUP)
        yield kernel


def send(kernel: Kernel, line: str, prompt: str = "Write about rivers") -> Mapping[str, Any]:
    """Send a cell; return what its value is shown by."""
    messages = kernel.run(f"%%aijobs {line}\n{prompt}")
    return next(dict(one.content["data"]) for one in messages if one.kind == "execute_result")


def value_of(kernel: Kernel, expression: str) -> str:
    kernel.run(f"it = {expression}")
    return kernel.value()


def complaint(kernel: Kernel, cell: str) -> str:
    """Run a cell that cannot be used; return what is said of it, which is all that happens."""
    said = kernel.run(cell)  # a kernel sends a line in parts where it comes to that
    assert {one.content["name"] for one in said} == {"stderr"}
    return "".join(str(one.content["text"]) for one in said).strip()


def test_a_cell_is_sent_and_its_value_is_the_answer(kernel: Kernel) -> None:
    shown = send(kernel, "--model gpt-5.2")

    assert "<b>Rivers</b>" in shown["text/html"]
    assert shown["text/plain"].startswith("GenerationResult(")


@pytest.fixture
def watching(kernel: Kernel) -> Iterator[Kernel]:
    kernel.run("aijobs.set_display('html')")
    yield kernel
    kernel.run("from aijobs_sdk.notebook.hub import hub; hub.close(); aijobs.set_display('off')")


def test_the_job_is_on_show_above_its_answer_and_over_before_it(watching: Kernel) -> None:
    first, *drawn, answer = watching.run("%%aijobs --model gpt-5.2\nWrite about rivers")

    assert (first.kind, answer.kind) == ("display_data", "execute_result")
    assert drawn[-1].display_id == first.display_id
    assert "finished" in drawn[-1].content["data"]["text/html"]


def test_a_job_that_nobody_waits_for_is_on_show_too(watching: Kernel) -> None:
    shown, *_ = watching.run("%%aijobs --model gpt-5.2 --client client --no-wait\nWrite about rivers")
    assert shown.kind == "display_data"


def test_the_result_goes_into_a_variable(kernel: Kernel) -> None:
    send(kernel, "--model gpt-5.2 --into about_rivers")
    assert value_of(kernel, "type(about_rivers).__name__") == "'GenerationResult'"


def test_braces_in_a_prompt_are_left_alone(kernel: Kernel) -> None:
    send(kernel, "--model gpt-5.2 --no-wait --into job", 'Answer as {"title": "..."}')
    assert value_of(kernel, "job.job.payload['prompt']") == repr('Answer as {"title": "..."}')


def test_braces_are_filled_where_that_is_asked_for(kernel: Kernel) -> None:
    kernel.run("topic = {'name': 'tides'}")
    send(kernel, "--model gpt-5.2 --format --no-wait --into job", "Write about {topic[name]}, {{briefly}}")
    assert value_of(kernel, "job.job.payload['prompt']") == "'Write about tides, {briefly}'"


def test_options_are_those_of_submit(kernel: Kernel) -> None:
    line = """system='Be brief.' temperature=0.5 stop='["END", "STOP"]' model=claude-sonnet-4.5 priority=low"""
    send(kernel, f"{line} --no-wait --into job")

    asked = value_of(kernel, "[job.job.payload[name] for name in ('system', 'temperature', 'stop')]")
    assert asked == "['Be brief.', 0.5, ['END', 'STOP']]"
    assert value_of(kernel, "job.job.priority.value") == "'low'"


def test_an_option_may_be_a_variable_of_the_user(kernel: Kernel) -> None:
    send(kernel, "--model gpt-5.2 output_model=Recipe --into recipe")
    assert value_of(kernel, "type(recipe.output).__name__") == "'Recipe'"


def test_a_client_may_be_named(kernel: Kernel) -> None:
    send(kernel, "--model gpt-5.2 --client client --no-wait --into job")
    assert value_of(kernel, "client.job(job.id).wait().status.value") == "'completed'"


def test_magics_that_name_no_client_share_one(kernel: Kernel) -> None:
    send(kernel, "--model gpt-5.2 --no-wait --into first")
    send(kernel, "--model gpt-5.2 --no-wait --into second")
    assert value_of(kernel, "first._client is second._client") == "True"


def test_another_type_of_job_may_be_asked_for(kernel: Kernel) -> None:
    shown = send(kernel, "--type image_generation --client client n=2", "a red fox")
    assert shown["text/html"].count("<img ") == 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("modl=gpt-5.2", "submit() has no option 'modl'. Did you mean 'model'?"),
        ("--modle gpt-5.2", "unrecognized arguments: --modle"),
        ("--model gpt-5.22", "Unknown model 'gpt-5.22'. Did you mean 'gpt-5.2'?"),
        ("--model gpt-5.2 model=gpt-5.2", "'model' is said twice."),
        ("--model gpt-5.2 rivers", "'rivers' is no option=value. The prompt stands below the line, in the cell."),
        ("--model gpt-5.2 temperature=warm", "temperature=warm: this is neither a Python value nor a variable of"),
        ("--model gpt-5.2 stop={[1]:2}", "stop={[1]:2}: this is neither a Python value nor a variable of yours."),
        ("--model gpt-5.2 --client nobody", "'nobody' is not among your variables"),
        ("--model gpt-5.2 --client Recipe", "'Recipe' is no client that a magic can use"),
        ("--model gpt-5.2 --into 1st", "--into '1st': this is no name of a variable."),
        ("--model gpt-5.2 --into class", "--into 'class': this is no name of a variable."),
        ("--model 'gpt-5.2", "The line cannot be read: No closing quotation."),
        ("--model gpt-5.2 --format", "The cell cannot be filled in (KeyError: 'nothing_here')"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_line(kernel: Kernel, line: str, problem: str) -> None:
    said = complaint(kernel, f"%%aijobs {line}\nWrite about {{nothing_here}}")

    assert said.startswith("UsageError: ")
    assert problem in said
    assert "\n" not in said


def test_a_cell_without_a_prompt_is_refused(kernel: Kernel) -> None:
    assert "payload.prompt" in complaint(kernel, "%%aijobs --model gpt-5.2\n \n")


def test_how_a_job_ended_is_raised_as_it_is(kernel: Kernel) -> None:
    kernel.run("""
        with aijobs.mock() as sim:
            sim.on(model="gpt-5.2").do(aijobs.fail("content_filter"))
            simulated = aijobs.Client()
            try:
                get_ipython().run_cell_magic("aijobs", "--model gpt-5.2 --client simulated", "Write about rivers")
            except Exception as error:
                it = type(error).__name__
    """)
    assert kernel.value() == "'JobFailedError'"


def test_usage_is_the_report_of_the_month(kernel: Kernel) -> None:
    send(kernel, "--model gpt-5.2 --client client")

    [shown] = kernel.run("%aijobs_usage --by 'model, day' --client client")

    assert "gpt-5.2" in shown.content["data"]["text/html"]
    assert shown.content["data"]["text/plain"].startswith("<MonthlyReport 20")


def test_the_variable_named_client_is_used_where_none_is_said(kernel: Kernel) -> None:
    kernel.run("before = len(client.usage())")
    send(kernel, "--model gpt-5.2")
    assert value_of(kernel, "len(client.usage()) - before") == "1"


def test_usage_of_a_month_without_any_says_so(kernel: Kernel) -> None:
    [said] = kernel.run("%aijobs_usage 2020-01")
    assert said.content["text"] == "Nothing was billed in 2020-01.\n"


@pytest.mark.parametrize("cell", ["%%aijobs --model gpt-5.2\nWrite about rivers", "%aijobs_usage"])
def test_a_client_to_await_is_refused_rather_than_another_one_asked(kernel: Kernel, cell: str) -> None:
    kernel.run("blocking, client = client, aijobs.AsyncClient()")
    said = complaint(kernel, cell)
    kernel.run("client = blocking")

    assert "'client' is no client that a magic can use" in said


@pytest.mark.parametrize(
    ("line", "problem"),
    [("january", "must be a month"), ("--by colour --client client", "colour"), ("2020-01 --by colour", "colour")],
)
def test_what_usage_cannot_use_is_named(kernel: Kernel, line: str, problem: str) -> None:
    """In a month without usage, too: a misspelt column is not to look like one."""
    send(kernel, "--model gpt-5.2 --client client")
    assert problem in complaint(kernel, f"%aijobs_usage {line}")


@pytest.mark.parametrize(
    ("kind", "name", "option"), [("cell", "aijobs", "--no-wait"), ("line", "aijobs_usage", "--by COLUMNS")]
)
def test_help_names_every_option(kernel: Kernel, kind: str, name: str, option: str) -> None:
    assert option in value_of(kernel, f"get_ipython().find_{kind}_magic('{name}').__doc__")


def test_who_only_looks_at_our_names_needs_no_ipython() -> None:
    script = "import sys, aijobs_sdk; aijobs_sdk.load_ipython_extension; print('IPython' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"
