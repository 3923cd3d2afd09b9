from __future__ import annotations

import inspect
import tomllib
import warnings
from importlib import import_module
from pathlib import Path

import pytest

import aijobs_sdk as aijobs

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True, scope="module")
def _modules_that_stay() -> None:
    """Load what the inner runs would: pytester forgets it at their end, and later tests would get other classes."""
    for name in aijobs.__all__:
        getattr(aijobs, name)


@pytest.fixture(autouse=True)
def _plugin_of_this_tree_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def ran(pytester: pytest.Pytester, test: str, *plugins: str) -> pytest.RunResult:
    pytester.makepyfile(f"import os, time\nimport pytest\nimport aijobs_sdk as aijobs\n{test}")
    wanted = [f"-p{name}" for name in ("aijobs_sdk.pytest_plugin", *plugins)]
    return pytester.runpytest(*wanted, "--strict-markers", "-W", "default")


def test_a_test_gets_a_world_in_virtual_time(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
def test_it(aijobs_mock):
    aijobs_mock.on(model="gpt-5.2").do(aijobs.fail(429, retry_after=600), aijobs.ok("Hello"))
    assert aijobs.Client().submit("hi", model="gpt-5.2").result().content == "Hello"
    assert aijobs_mock.now > 600
    assert os.environ["AI_MOCK_MODE"] == "true"
""",
    )
    result.assert_outcomes(passed=1)


def test_an_async_test_is_in_the_world_whatever_began_before_it(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
@pytest.fixture
def anyio_backend(): return "asyncio"

@pytest.fixture
async def something_earlier(): yield

@pytest.mark.anyio
async def test_it(something_earlier, aijobs_mock):
    assert "aijobs.mock" in repr(aijobs.Client())
""",
        "anyio",
    )
    result.assert_outcomes(passed=1)


def test_the_marker_says_which_world(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("down.toml").write_text("seed = 3\n[[rules]]\nsteps = [{fault = {status = 401}}]")
    result = ran(
        pytester,
        """
@pytest.mark.aijobs_mock(seed=9, scenario="down.toml")
def test_it(aijobs_mock):
    assert aijobs_mock.seed == 9
    assert aijobs.Client().submit("hi", model="gpt-5.2").wait().status == "failed"
""",
    )
    result.assert_outcomes(passed=1)


def test_a_rule_that_was_never_used_is_a_warning(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
def test_it(aijobs_mock):
    aijobs_mock.on(model="gtp-*").do(aijobs.fail(429))
""",
    )
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*UnusedRuleWarning: No call matched these rules: model='gtp-[*]'.*"])


def test_in_strict_mode_a_rule_that_was_never_used_fails_the_test(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
@pytest.mark.aijobs_mock(strict=True)
def test_it(aijobs_mock):
    aijobs_mock.on(model="gtp-*").do(aijobs.fail(429))
""",
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*AssertionError: No call matched these rules: model='gtp-[*]'.*"])


def test_tests_leave_nothing_to_each_other(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
@pytest.mark.parametrize("n", [1, 2])
def test_it(aijobs_mock, n):
    assert not aijobs_mock.calls
    aijobs_mock.on().do(aijobs.fail(401))
    assert aijobs.Client().submit("hi", model="gpt-5.2").wait().status == "failed"

def test_after():
    assert "AI_MOCK_MODE" not in os.environ
""",
    )
    result.assert_outcomes(passed=3)


def test_the_marker_takes_all_that_mock_takes(pytester: pytest.Pytester) -> None:
    options = {name: one.default for name, one in inspect.signature(aijobs.mock).parameters.items()}
    result = ran(
        pytester, f"@pytest.mark.aijobs_mock(**{options | {'fidelity': 'wire'}})\ndef test_it(aijobs_mock): pass"
    )
    result.assert_outcomes(passed=1)


def test_what_the_marker_cannot_take_is_told(pytester: pytest.Pytester) -> None:
    result = ran(pytester, "@pytest.mark.aijobs_mock(sed=9)\ndef test_it(aijobs_mock): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*UsageError: *'sed'*Did you mean 'seed'*"])


def test_pytest_finds_the_plugin_by_its_entry_point() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    module = import_module(project["entry-points"]["pytest11"]["aijobs"])
    assert hasattr(module, "aijobs_mock")


def test_a_rule_that_was_used_is_not_mentioned() -> None:
    with warnings.catch_warnings(record=True) as told, aijobs.mock(strict=True) as sim:
        sim.on().do(aijobs.ok("Hello"))
        aijobs.Client().submit("hi", model="gpt-5.2").result()
    assert told == []


def test_a_strict_world_names_the_rules_that_were_never_used() -> None:
    with pytest.raises(AssertionError, match=r"prompt='\*contract\*', tenant='acme'"), aijobs.mock(strict=True) as sim:
        sim.on(prompt="*contract*", tenant="acme").do(aijobs.fail(429))


def a_slip_in_a_glob(sim: aijobs.Mock) -> None:
    sim.limit(model="gtp-*", requests_per_minute=2)
    sim.limit(model="gpt-*", requests_per_minute=2)
    with aijobs.Client() as client:
        client.submit("hello", model="gpt-5.2").result()


def test_a_limit_for_what_nobody_called_is_told() -> None:
    with pytest.warns(aijobs.UnusedRuleWarning, match=r"these limits: 'gtp-\*'\."), aijobs.mock() as sim:
        a_slip_in_a_glob(sim)


def test_an_unused_rule_is_told_where_the_world_was_made() -> None:
    with pytest.warns(aijobs.UnusedRuleWarning, match="all jobs") as told, aijobs.mock() as sim:
        sim.on().do(aijobs.fail(429))
    assert told[0].filename == __file__


def a_block_that_fails(sim: aijobs.Mock) -> None:
    sim.on().do(aijobs.fail(429))
    raise ZeroDivisionError


def test_a_block_that_fails_is_not_told_about_its_rules_as_well() -> None:
    with pytest.raises(ZeroDivisionError), aijobs.mock(strict=True) as sim:
        a_block_that_fails(sim)


@pytest.mark.parametrize("strict", [True, False])
def test_unused_rules_of_a_file_matter_in_a_strict_world_only(tmp_path: Path, *, strict: bool) -> None:
    path = tmp_path / "down.toml"
    path.write_text("[[rules]]\nsteps = [{fault = {status = 401}}]")
    outcome = "none"
    try:
        with aijobs.mock(scenario=path, strict=strict):
            pass
    except AssertionError as error:
        outcome = str(error)
    assert ("down.toml" in outcome) == strict
