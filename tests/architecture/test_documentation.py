"""What is written down runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from aijobs_sdk.engine.metrics import INSTRUMENTS

WITH_EXAMPLES = (
    "adding_a_job_type",
    "adding_a_provider",
    "batches",
    "http_api",
    "images",
    "models",
    "notebooks",
    "operations",
    "providers",
    "report_builder",
    "simulation",
    "stores",
    "tokens",
    "usage",
    "usage_at_scale",
    "usage_plans",
    "workers",
)
PAGES = ["README.md", *(f"docs/{page}.md" for page in WITH_EXAMPLES)]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", Path(page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run_from_top_to_bottom(page: str, tmp_path: Path) -> None:
    script = tmp_path / "page.py"
    ending = "\nimport asyncio\nasyncio.run(main())\n" if page == "README.md" else ""
    script.write_text("\n".join(blocks(page, "python")) + ending)
    ran = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_first_two_commands_of_the_readme_are_one_line_each() -> None:
    main_job, tests = blocks("README.md", "sh")
    assert (main_job.count("\n"), tests.count("\n")) == (1, 1)
    assert main_job.rstrip().endswith("aijobs demo")
    assert "/python -m pytest -n 2" in tests


@pytest.mark.parametrize("page", [*PAGES, *map(str, sorted(Path("docs").rglob("*.md")))])
def test_links_inside_the_project_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", Path(page).read_text("utf-8"))
    missing = [target for target in targets if not (Path(page).parent / target).exists()]
    assert missing == []


def test_every_room_is_on_the_map() -> None:
    rooms = {path.parent.name for path in Path("aijobs_sdk").glob("*/__init__.py")}
    on_the_map = re.findall(r"^\| `aijobs_sdk/(\w+)/` \|", Path("README.md").read_text("utf-8"), re.MULTILINE)
    assert rooms == set(on_the_map)


def test_every_metric_is_in_the_table_of_the_operations_page() -> None:
    """Drawn from the instruments: a red run prints the table to paste."""
    rows = [
        f"| `{one.name}` | {one.kind} | {', '.join(f'`{label}`' for label in one.labels)} | {one.about} |"
        for one in INSTRUMENTS
    ]
    table = "\n".join(["| name | kind | labels | what it tells |", "|---|---|---|---|", *rows])
    shown = re.findall(
        r"<!-- metrics -->\n(.*)<!-- /metrics -->", Path("docs/operations.md").read_text("utf-8"), re.DOTALL
    )
    assert [text.strip() for text in shown] == [table], table
