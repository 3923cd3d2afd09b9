"""What a notebook shows of clients, jobs, results, errors and rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs
from aijobs_sdk.batch.row import BatchRow, RowStatus
from aijobs_sdk.batch.showing import rows_table
from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.connect.showing import standpoint
from aijobs_sdk.contract.results import Finding, GenerationResult, JobResult
from panels.exhibits import exhibits
from panels.pages import read

MODEL = "gpt-5.2"
TENANT = UUID(int=5)


def long_answer(characters: int) -> GenerationResult:
    with aijobs.mock():
        result = aijobs.Client().submit("hello", model=MODEL).result()
    return result.model_copy(update={"content": "x" * characters})


def test_a_client_says_where_jobs_run_and_in_which_world() -> None:
    client = aijobs.Client(seed=3, profile="instant")

    assert repr(client) == "<Client memory://, simulated (profile instant, seed 3)>"
    assert "simulated (profile instant, seed 3)" in client._repr_html_()


def test_an_async_client_says_the_same() -> None:
    client = aijobs.AsyncClient(tenant_id=TENANT)

    assert repr(client) == f"<AsyncClient memory://, simulated (profile fast, seed 0), tenant {TENANT}>"
    assert str(TENANT) in client._repr_html_()


def test_a_client_of_a_mock_says_so_even_afterwards() -> None:
    with aijobs.mock(seed=7):
        client = aijobs.Client()

    assert repr(client) == "<Client memory://, simulated (aijobs.mock, seed 7)>"


def test_a_client_of_the_real_world_says_so() -> None:
    settings = Settings.read({"AI_MOCK_MODE": "false"})
    assert standpoint(settings).text("Client") == "<Client memory://, real>"


def test_a_client_of_a_server_shows_no_key() -> None:
    client = aijobs.Client("http://127.0.0.1:9/api", api_key="aj_very_private")

    assert repr(client) == "<Client http://127.0.0.1:9/api, a server>"
    assert "private" not in client._repr_html_()


@pytest.mark.parametrize("url", ["postgresql://me:private@host/jobs", "postgresql://host/jobs?password=private"])
def test_a_client_shows_no_password(url: str) -> None:
    client = standpoint(Settings.read({"AIJOBS_URL": url}))

    assert client.text("Client") == "<Client postgresql://host/jobs, simulated (profile fast, seed 0)>"
    assert "private" not in client.html("Client")


def test_a_result_shows_the_text_with_what_it_cost() -> None:
    with aijobs.mock(seed=7):
        result = aijobs.Client().submit("Write about rivers", model=MODEL).result()

    page = read(result._repr_html_())
    assert page.text.startswith(result.title + result.content)
    assert page.text.endswith(
        f"{result.input_tokens} in, {result.output_tokens} out{result.credits_used.normalize()}stop"
    )


def test_a_long_text_is_cut_and_says_how_much_is_missing() -> None:
    text = read(long_answer(5_000)._repr_html_()).text

    assert text.count("x" * 2_000) == 1
    assert "… and 3,000 more characters: content has all." in text


def test_a_text_that_fits_says_nothing_about_its_length() -> None:
    assert "more characters" not in long_answer(2_000)._repr_html_()


def test_a_job_shows_how_it_stands_and_keeps_what_is_long_folded() -> None:
    with aijobs.mock(seed=7):
        job = aijobs.Client().submit("Write about rivers", model=MODEL).wait()

    page = read(job._repr_html_())
    assert page.text.startswith(f"Job {job.id} · ai_generation · completed")
    assert [attributes for tag, attributes in page.elements if tag == "details"] == [(), ()]


def test_a_failed_job_shows_why() -> None:
    text = read(exhibits("It was too much.")["job"]).text

    assert "failed" in text
    assert "refusedIt was too much." in text


def test_an_error_shows_its_code_and_each_field() -> None:
    with pytest.raises(aijobs.InvalidRequestError) as refused, aijobs.mock():
        aijobs.Client().submit("hello", model="gpt-5.22")

    text = read(refused.value._repr_html_()).text
    assert text.startswith(f"InvalidRequestError · {refused.value.code}")
    assert "payload.model" in text.split("problem")[-1]


def test_an_error_says_when_to_come_back() -> None:
    error = aijobs.TooManyJobsError(5, retry_after_seconds=2.0)
    assert read(error._repr_html_()).text.endswith("retry after2 s")


def test_a_failed_jobs_error_shows_no_prompt() -> None:
    with aijobs.mock() as sim:
        sim.on(model=MODEL).do(aijobs.fail("content_filter"))
        error = aijobs.Client().submit("private words", model=MODEL).exception()

    assert error is not None
    assert "JobFailedError" in error._repr_html_()
    assert "private" not in error._repr_html_()


def test_rows_of_a_batch_are_a_table_of_the_first_and_a_word_about_the_others() -> None:
    with aijobs.mock(seed=7):
        rows = aijobs.Client().batch([f"river {n}" for n in range(30)], prompt="Explain {text}", model=MODEL).run()

    page = read(rows._repr_html_())
    assert sum(tag == "tr" for tag, _ in page.elements) == 1 + 20
    assert page.text.startswith("30 rows of a batch")
    assert page.text.endswith("… and 10 more rows")


def test_a_column_of_the_input_that_is_called_as_one_of_ours_is_shown_too() -> None:
    with aijobs.mock(seed=7):
        rows = aijobs.Client().batch([{"content": "my own"}], prompt="Explain {content}", model=MODEL).run()

    assert "rowcontentcontenttokens in/outcredits" in read(rows._repr_html_()).text
    assert f"1my own{' '.join(str(rows[0].content).split())[:160]}" in read(rows._repr_html_()).text


def test_rows_have_columns_only_for_what_there_is_to_tell() -> None:
    with aijobs.mock(seed=7) as sim:
        sim.on(prompt="*river*").do(aijobs.fail("content_filter"))
        rows = aijobs.Client().batch(["tide", "river"], prompt="On {text}", model=[MODEL, "claude-sonnet-4.5"]).run()

    assert read(rows[:1]._repr_html_()).text.startswith("1 row of a batchrowtextcontenttokens in/outcredits1tide")
    assert read(rows._repr_html_()).text.startswith("4 rows of a batchrowtextcontentstatusmodeltokens in/outcredits")
    assert "4river-failed: content_filteredclaude-sonnet-4.5--" in read(rows._repr_html_()).text


def test_texts_of_rows_are_one_line_each_and_shorter_the_more_there_are() -> None:
    one = BatchRow(index=0, inputs={"text": "a\n\n b"}, status=RowStatus.COMPLETED, content="x" * 500, model=MODEL)
    three = one.replace(inputs=dict.fromkeys("abc", "y" * 500))

    assert f"1a b{'x' * 160}…" in read(rows_table([one])).text
    assert f"{'y' * 80}…{'y' * 80}…{'y' * 80}…{'x' * 80}…" in read(rows_table([three])).text


def test_a_result_is_shortened_beside_what_a_page_shows_and_whole_as_text() -> None:
    result = long_answer(5_000).model_copy(update={"output": {"a": "y" * 5_000}})

    assert f"content={'x' * 200!r}… (+4,800)" in repr(result)
    assert f"output={str(result.output)[:200]}… (+4,809)" in repr(result)
    assert "x" * 5_000 in str(result)


def test_a_result_with_short_texts_is_told_as_pydantic_tells_it() -> None:
    finding = Finding(kind="style", severity="low", message="Cut it.", note=["kept"])

    assert repr(finding) == "Finding(kind='style', severity='low', message='Cut it.', quote=None, note=['kept'])"


def test_a_result_of_thousands_of_fields_is_shown_by_the_first_and_a_word_about_the_others() -> None:
    result = JobResult.model_validate({f"word{n}": n for n in range(3_000)})

    page = read(result._repr_html_())
    assert sum(tag == "tr" for tag, _ in page.elements) == 1 + 100 + 1
    assert page.text.endswith("word9999…and 2,900 more")
    assert repr(result).endswith("word99=99, … (+2,900))")


def test_an_object_is_shown_with_names_that_json_has_not() -> None:
    class Prices(BaseModel):
        by_day: dict[date, dict[UUID, Decimal]]

    result = long_answer(1).model_copy(update={"output": Prices(by_day={date(2026, 1, 31): {TENANT: Decimal("1.50")}})})

    shown = f'{{  "by_day": {{    "2026-01-31": {{      "{TENANT}": "1.50"    }}  }}}}'
    assert shown in read(result._repr_html_()).text.replace("\n", "")


def test_failures_are_shown_by_cause_with_rows_to_look_at() -> None:
    with aijobs.mock(seed=7) as sim:
        sim.on(prompt="*river*").do(aijobs.fail("content_filter"))
        batch = aijobs.Client().batch(["tide", *(f"river {n}" for n in range(4))], prompt="On {text}", model=MODEL)
        batch.run()

    text = read(batch.failures._repr_html_()).text
    assert text.startswith("4 failed rows")
    assert repr(type(batch.failures)(batch.failures[:1])).startswith("1 failed row:\n")
    assert "4content_filteredcontent_filter2, 3, 4, …" in text


def test_an_estimate_says_that_nothing_was_sent() -> None:
    with aijobs.mock():
        batch = aijobs.Client().batch(["tide", "river"], prompt="On {text}", model=MODEL)

    assert "nothing was sent" in batch.estimate()._repr_html_()
    assert "2 of 2" in batch.estimate()._repr_html_()
