from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.scenario import Scenario
from aijobs_sdk.simulation.script import fail, ok
from simulation.worlds import a_request

TOML = """\
seed = 42
profile = "typical"

[[limits]]
model = "gpt-*"
requests_per_minute = 60

[[capacities]]
model = "claude-*"
max_concurrency = 8
load_factor = 3

[[rules]]
match = {model = "gpt-5.2"}
steps = [
    {fault = {kind = "status", status = 429, retry_after = "20s"}, times = 2},
    {ok = {text = "Hello"}},
]

[[rules]]
match = {prompt = "*contract*"}
steps = [{fault = {kind = "stall", after_tokens = 10, seconds = "10m"}, forever = true}]

[[timeline]]
at = "5m"
lasts = "90s"
match = {provider = "bedrock"}
error_rate = 0.5
fault = {kind = "overloaded"}
"""

YAML = """\
seed: 42
profile: typical
limits:
  - {model: gpt-*, requests_per_minute: 60}
capacities:
  - {model: claude-*, max_concurrency: 8, load_factor: 3}
rules:
  - match: {model: gpt-5.2}
    steps:
      - {fault: {kind: status, status: 429, retry_after: 20s}, times: 2}
      - {ok: {text: Hello}, times: null}
  - match: {prompt: "*contract*"}
    steps:
      - {fault: {kind: stall, after_tokens: 10, seconds: 10m}, forever: true}
timeline:
  - at: 5m
    lasts: 90s
    match: {provider: bedrock}
    error_rate: 0.5
    fault: {kind: overloaded}
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def refusal(folder: Path, text: str, name: str = "busy.toml") -> InvalidRequestError:
    sim = Simulation()
    with pytest.raises(InvalidRequestError) as caught:
        sim.load(written(folder, name, text))
    assert (sim.seed, sim.unused_rules()) == (0, [])
    return caught.value


def outcomes(sim: Simulation, attempts: int, **changes: Any) -> list[str]:
    return [sim.plan(a_request(attempt=n, **changes)).outcome for n in range(1, attempts + 1)]


def test_a_file_says_what_calls_of_python_would(tmp_path: Path) -> None:
    sim = Simulation()
    sim.load(written(tmp_path, "busy.toml", TOML))
    by_hand = Simulation(42, "typical")
    by_hand.on(model="gpt-5.2").do(fail(429, retry_after=20) * 2, ok("Hello"))
    by_hand.on(prompt="*contract*").do(fail("stall", after_tokens=10, seconds=600).forever())
    assert [rule.replace(file=None) for rule in sim.unused_rules()] == by_hand.unused_rules()
    assert [sim.plan(a_request(attempt=n)) for n in range(1, 9)] == [
        by_hand.plan(a_request(attempt=n)) for n in range(1, 9)
    ]


def test_the_same_in_yaml_is_the_same(tmp_path: Path) -> None:
    in_toml = Scenario.load(written(tmp_path, "same.toml", TOML))
    in_yaml = Scenario.load(written(tmp_path, "same.yaml", YAML))
    assert in_yaml.model_dump(exclude={"rules"}) == in_toml.model_dump(exclude={"rules"})
    assert [rule.steps for rule in in_yaml.rules] == [rule.steps for rule in in_toml.rules]


def test_a_step_that_stays_is_the_step_of_all_later_attempts(tmp_path: Path) -> None:
    sim = Simulation()
    sim.load(written(tmp_path, "down.toml", "[[rules]]\nsteps = [{ok = {}}, {fault = {status = 503}, forever = true}]"))
    assert outcomes(sim, 4) == ["ok", *["provider_unavailable"] * 3]


def test_a_limit_of_a_file_holds(tmp_path: Path) -> None:
    sim = Simulation()
    sim.load(written(tmp_path, "slow.toml", '[[limits]]\nmodel = "gpt-*"\nrequests_per_minute = 1'))
    assert sim.admit(a_request(), 0.0)[1] is None
    assert sim.admit(a_request(), 1.0)[1] is not None


def test_a_capacity_of_a_file_holds(tmp_path: Path) -> None:
    sim = Simulation()
    sim.load(written(tmp_path, "few.toml", '[[capacities]]\nmodel = "gpt-*"\nmax_concurrency = 1'))
    sim.record(a_request(), sim.plan(a_request()), at_seconds=0.0)
    assert sim.plan(a_request()).queued_seconds == sim.calls[0].ends_at_seconds


def test_an_incident_of_a_file_happens(tmp_path: Path) -> None:
    sim = Simulation()
    sim.load(written(tmp_path, "down.toml", '[[timeline]]\nat = "5m"\nlasts = "90s"\nmatch = {model = "gpt-*"}'))
    assert sim.plan(a_request(), at_seconds=299).outcome == "ok"
    assert sim.plan(a_request(), at_seconds=300).outcome == "provider_unavailable"


def test_a_mock_lives_by_its_scenario_except_where_the_call_says_otherwise(tmp_path: Path) -> None:
    with aijobs.mock(scenario=written(tmp_path, "busy.toml", TOML), seed=1) as sim:
        assert aijobs.Client().submit("Hi", model="gpt-5.2").result().content == "Hello"
    assert (sim.seed, sim.now > 40, len(sim.calls)) == (1, True, 3)


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert Scenario.load(written(tmp_path, "empty.yaml", "# nothing yet\n")) == Scenario()


@pytest.mark.parametrize(
    ("text", "line", "field", "hint"),
    [
        ("sed = 3", 1, "sed", "Did you mean 'seed'?"),
        ("seed = 1\n[timelines.first]\nat = 1", 2, "timelines", "Did you mean 'timeline'?"),
        ("seed = 1  # ''' \n\"rule\\u0073\" = 3", 2, "rules", "a valid tuple"),
        ('profile = "typicle"', 1, "profile", "Did you mean 'typical'?"),
        ('\n\n[[rules]]\nmatch = {modle = "x"}\nsteps = [{ok = {}}]', 4, "rules[0].match.modle", "'model'"),
        ('[[rules]]\nmatch.model = "gpt-5.3"\nsteps = [{ok = {}}]', 2, "rules[0].match.model", "'gpt-5.2'"),
        (
            '[[rules]]\nsteps = [{ok = {}}]\n[[rules]]\nsteps = [\n  {ok = {}},  # 1\n  {fault = {kind = "stal"}}]',
            6,
            "rules[1].steps[1].fault.kind",
            "Did you mean 'stall'?",
        ),
        ("[[rules]]\nsteps = [{fault = {status = 200}}]", 2, "rules[0].steps[0].fault.status", "400"),
        ("[[rules]]\nsteps = [{fault = {status = 500, kind = 'reset'}}]", 2, "rules[0].steps[0].fault", "another kind"),
        ("[[rules]]\nsteps = [{fault = {}}]", 2, "rules[0].steps[0].fault", "needs a status"),
        (
            "[[rules]]\n[[rules.steps]]\n[rules.steps.fault]\nstatus = 429\nretry_after = -1",
            5,
            "rules[0].steps[0].fault.retry_after",
            "0 or more seconds",
        ),
        (
            "[[rules]]\nsteps = [\n  {fault = {kind = 'max_tokens', retry_after = 5}}]",
            3,
            "rules[0].steps[0].fault",
            "`retry_after` says nothing of 'max_tokens'",
        ),
        ("[[rules]]\nsteps = [{ok = {text = 'a', tokens = 5}}]", 2, "rules[0].steps[0].ok", "`tokens` is how long"),
        ('[[timeline]]\nat = 1\nlasts = 2\nfault.kind = "batch_expired"', 4, "timeline[0].fault", "batches alone"),
        ("[[rules]]\nsteps = [{ok = {}, times = 0}]", 2, "rules[0].steps[0].times", "greater than or equal to 1"),
        ("[[rules]]\nsteps = [{ok = {tokens = 9_000_000_000}}]", 2, "rules[0].steps[0].ok.tokens", "1000000"),
        ("[[rules]]\nsteps = [{times = 2}]", 2, "rules[0].steps[0]", "a fault or ok"),
        ("[[rules]]\nsteps = [{ok = {}, forever = true}, {ok = {}}]", 2, "rules[0].steps", "forever"),
        ("[[rules]]\nsteps = []", 2, "rules[0].steps", "at least one"),
        ("seed = 1\n[[rules]]", 2, "rules[0].steps", "is required"),
        ('[[limits]]\nmodel = "gpt-*"', 1, "limits[0]", "requests_per_minute or tokens_per_minute"),
        ('[[capacities]]\nmodel = "gpt-*"', 1, "capacities[0].max_concurrency", "is required"),
        ("[[capacities]]\nmax_concurrency = 0", 2, "capacities[0].max_concurrency", "greater than or equal to 1"),
        ("[[capacities]]\nmax_concurrency = true", 2, "capacities[0].max_concurrency", "a valid integer"),
        ("[[capacities]]\nmax_concurrency = 8\nload_factor = 0.5", 3, "capacities[0].load_factor", "equal to 1"),
        ("[[capacities]]\nmax_concurrency = 8\nloadfactor = 2", 3, "capacities[0].loadfactor", "'load_factor'"),
        ('[[capacities]]\nmax_concurrency = 8\nmodel = "gpt-5.3"', 3, "capacities[0].model", "'gpt-5.2'"),
        ("[[capacity]]\nmax_concurrency = 8", 1, "capacity", "'capacities'"),
        ('[[timeline]]\nat = "soon"\nlasts = 9', 2, "timeline[0].at", '"5m"'),
        (
            '[[timeline]]\nat = 1\nlasts = 9\nmatch = {provider = "bedrok"}',
            4,
            "timeline[0].match.provider",
            "'bedrock'",
        ),
        ("[[timeline]]\nat = 1\nlasts = inf", 3, "timeline[0].lasts", "seconds"),
        ("[[timeline]]\nat = 1\nlasts = 2\nerror_rate = 1.5", 4, "timeline[0].error_rate", "less than or equal to 1"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_line_and_field(
    tmp_path: Path, text: str, line: int, field: str, hint: str
) -> None:
    error = refusal(tmp_path, text)
    assert str(error).startswith(f"busy.toml, line {line}: {field} ")
    assert hint in str(error)
    assert [one.field for one in error.fields] == [field]


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        (
            "rules:\n  - match: {}\n    steps:\n      - fault:\n          kynd: reset\n",
            5,
            "rules[0].steps[0].fault.kynd",
        ),
        ("seed: 1\nprofile: fast\nseed: 2\n", 3, "seed"),
        ("timeline:\n- at: 1\n  lasts: -2s\n", 3, "timeline[0].lasts"),
        ("- seed: 1\n", None, "scenario"),
        ("rules: &all\n  - steps: *all\n", 2, "rules[0].steps[0].steps"),
    ],
)
def test_what_is_wrong_in_yaml_is_named_with_line_and_field(
    tmp_path: Path, text: str, line: int | None, field: str
) -> None:
    error = refusal(tmp_path, text, "busy.yml")
    place = "busy.yml" if line is None else f"busy.yml, line {line}"
    assert f"{place}: {field} " in str(error)


@pytest.mark.parametrize(
    ("name", "text", "line", "language"),
    [
        ("a.toml", "seed = 1\nprofile =\n", 2, "TOML"),
        pytest.param("a.toml", f"profile = 'fast'\nseed = {'1' * 5_000}\n", 2, "TOML", id="a number without end"),
        ("a.toml", 'seed = 1\nrules = [{match = {}, steps = ["', 2, "TOML"),
        ("a.yaml", "seed: 1\nrules: [}\n", 2, "YAML"),
        ("a.yaml", "seed: [1\n", 2, "YAML"),
        ("a.yaml", "seed: 2026-99-99\n", 1, "YAML"),
    ],
)
def test_a_file_that_is_not_even_toml_or_yaml_is_refused_with_the_line(
    tmp_path: Path, name: str, text: str, line: int, language: str
) -> None:
    assert str(refusal(tmp_path, text, name)).startswith(f"{name}, line {line}: this is no {language}: ")


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    error = refusal(tmp_path, 'sed = 1\nprofile = "slow"')
    assert {one.field for one in error.fields} == {"sed", "profile"}
    assert {"busy.toml, line 1", "busy.toml, line 2"} <= {line.split(":")[0] for line in str(error).splitlines()}


def test_a_file_that_is_not_there_is_a_matter_of_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        Scenario.load(tmp_path / "nowhere.toml")


def test_a_file_of_another_kind_is_a_matter_of_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\.toml, \.yaml or \.yml"):
        Scenario.load(written(tmp_path, "busy.json", "{}"))


@pytest.mark.parametrize(("name", "start"), [("deep.toml", "seed = "), ("deep.yaml", "seed: ")])
def test_a_file_that_never_ends_to_nest_is_refused(tmp_path: Path, name: str, start: str) -> None:
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        Scenario.load(written(tmp_path, name, start + "[" * 3_000 + "]" * 3_000))


def test_a_rule_in_json_has_the_form_of_a_file() -> None:
    rule = Scenario.rule_of(
        {"match": {"model": "gpt-*"}, "steps": [{"fault": {"kind": "status", "status": 429, "retry_after": 1}}]}
    )
    assert (rule.match.model, rule.steps) == ("gpt-*", (fail(429, retry_after=1),))


@pytest.mark.parametrize(
    ("json", "field"),
    [
        ({"steps": [{"fault": {"kind": "rest"}}]}, "steps[0].fault.kind"),
        ({"steps": [{"fault": {"status": True}}]}, "steps[0].fault.status"),
        ([], "rule"),
        (None, "rule"),
    ],
)
def test_a_rule_in_json_that_cannot_be_used_names_its_fields(json: Any, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Scenario.rule_of(json)
    assert [one.field for one in caught.value.fields] == [field]


@pytest.mark.parametrize(
    ("written_as", "seconds"), [(3, 3.0), ("250ms", 0.25), ("20s", 20.0), ("1.5m", 90.0), ("24h", 86_400.0)]
)
def test_a_time_is_a_number_of_seconds_or_has_a_unit(written_as: float | str, seconds: float) -> None:
    assert fail(429, retry_after=written_as) == fail(429, retry_after=seconds)


@pytest.mark.parametrize("written_as", [-1, "-1s", "soon", "5 parsecs", float("nan"), ""])
def test_a_time_that_cannot_be_is_refused(written_as: float | str) -> None:
    with pytest.raises(InvalidRequestError, match="seconds"):
        fail(429, retry_after=written_as)


def test_steps_after_one_that_stays_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="must be the last"):
        Simulation().on().do(fail(503).forever(), ok())
