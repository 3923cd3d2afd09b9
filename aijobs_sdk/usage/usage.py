"""`Usage`: what jobs cost, read from exports once and asked often."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.months import month_span
from aijobs_sdk.contract.plain_text import is_plain
from aijobs_sdk.contract.refusal import check_choice, path_of
from aijobs_sdk.contract.showing import counted
from aijobs_sdk.usage.billing.plans import PlanBook
from aijobs_sdk.usage.billing.price_table import refresh_prices
from aijobs_sdk.usage.billing.prices import PriceBook
from aijobs_sdk.usage.billing.provider_cost import provider_cost
from aijobs_sdk.usage.checking.facts import InvoiceReconciliation
from aijobs_sdk.usage.checking.invoice import reconcile_invoice
from aijobs_sdk.usage.checking.jobs import JobSource, add_jobs, reconcile_jobs
from aijobs_sdk.usage.closing.acts import ClosedMonth, MonthAct, ReopenedMonth, month_acts
from aijobs_sdk.usage.closing.corrections import CorrectionsMade, accept_corrections
from aijobs_sdk.usage.closing.months import Verification, close_month, closed_facts, reopen_month, verify_month
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.facts.trust import DataQuality, JobReconciliation, Problem
from aijobs_sdk.usage.focus.dataset import write_focus
from aijobs_sdk.usage.monthly_report import MonthlyReport
from aijobs_sdk.usage.reading.files import data_quality, problems, source_files
from aijobs_sdk.usage.reading.ingest import ingest
from aijobs_sdk.usage.reading.outcome import IngestProgress, IngestReport, SourceFile
from aijobs_sdk.usage.reading.sources import Sources
from aijobs_sdk.usage.report.build import month_facts
from aijobs_sdk.usage.report.groups import group_columns, month_groups, month_table
from aijobs_sdk.usage.store import DatabaseError, UsageStore, is_one_query
from aijobs_sdk.usage.table import UsageTable
from aijobs_sdk.usage.warehouse.lake import LakeMonth, write_lake

_USUAL_COLUMNS = ("tenant_id", "model")


class Usage:
    """What jobs cost, from any mix of export files: CSV, JSONL and Parquet, of any age and in any overlap.

    Each id is billed once, whatever file or format repeats it; the first row wins. Rows that cannot be billed are in
    `quarantine()`, with reason, file, line and raw text. A row belongs to the month in its `month_year`, or, where that
    was closed before it arrived, to the first open month after it.

    `store` names a DuckDB file that keeps what was read, what was closed and why; without one, all is forgotten when
    this object is closed. `timezone` says in which zone days are reckoned; a store keeps the one it was made with.
    `plans` is a TOML file of plans, subscriptions and budgets (docs/usage_plans.md), `prices` one of prices of yours.
    With `strict_months`, a row whose `month_year` is not the month of its `created_at` in that zone is set aside.

    Raises:
        InvalidRequestError: a path means no export, or a file is empty or is not what its ending says; or the store is
            another kind of file, or is kept by another process for more than ten seconds.
    """

    def __init__(
        self,
        paths: Sources | None = None,
        *,
        store: str | Path | None = None,
        timezone: str | None = None,
        plans: str | Path | PlanBook | None = None,
        prices: str | Path | PriceBook | None = None,
        strict_months: bool = False,
        on_progress: Callable[[IngestProgress], None] | None = None,
    ) -> None:
        check_choice("strict_months", strict_months, (True, False))
        self._plans = plans if plans is None or isinstance(plans, PlanBook) else PlanBook.read(path_of("plans", plans))
        self._own_prices = (
            prices if prices is None or isinstance(prices, PriceBook) else PriceBook.load(path_of("prices", prices))
        )
        self._strict_months = strict_months
        self._store = UsageStore(store, timezone=timezone)
        if paths is not None:
            self.ingest(paths, on_progress=on_progress)

    def ingest(self, paths: Sources, *, on_progress: Callable[[IngestProgress], None] | None = None) -> IngestReport:
        """Read exports, and return what came of them. What was read before is passed over.

        Raises:
            InvalidRequestError: as for `Usage` itself. Files before the one that is refused may have been read.
        """
        report = ingest(self._store, paths, strict_months=self._strict_months, on_progress=on_progress)
        if report.kept:
            new_in = len(report.files) if self._own_prices is None else None  # prices of one's own may have changed
            refresh_prices(self._store, self._prices, new_in=new_in)
        return report

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """What came of each file, in the order read."""
        return source_files(self._store)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why rows were set aside, the most frequent reason first."""
        return problems(self._store)

    @property
    def quality(self) -> DataQuality:
        """What came of all files together."""
        return data_quality(self._store)

    def quarantine(self) -> UsageTable:
        """Return the rows that were set aside: file, line, reason, detail and raw text."""
        return self._store.ask("SELECT file, line, reason, detail, raw FROM quarantine ORDER BY file_id, row")

    def monthly(self, month: str, by: str | Iterable[str] = _USUAL_COLUMNS) -> UsageTable:
        """Return what `month` ("2026-01") is billed at by the columns `by`, dearest first.

        The columns are those of `by`, then rows, input_tokens, output_tokens, credits (billed) and metered_credits.

        Raises:
            InvalidRequestError: no such month can be, or a column is not one of GROUP_COLUMNS.
        """
        return month_table(self._store, month, by)

    def report(self, month: str, by: str | Iterable[str] = _USUAL_COLUMNS) -> MonthlyReport:
        """Return the report on `month`, divided `by` columns as in `monthly`.

        Of a closed month it is what was kept of it when it was closed, and does not change; only `by` is your own.

        Raises:
            InvalidRequestError: as of `monthly()`.
        """
        month_span(month)  # refuses what is no month
        columns = group_columns(by)
        with self._store.reading():  # opened once for all that is asked
            kept = closed_facts(self._store, month)
            facts = self._facts(month, columns) if kept is None else self._divided(kept, columns)
        return MonthlyReport.model_construct(**dict(facts))

    def close_month(self, month: str, *, reason: str = "") -> ClosedMonth:
        """Settle `month`: keep its report as it is now. Rows that arrive later are billed in the next open month.

        Raises:
            InvalidRequestError: the month is not over, or is closed already.
        """
        return close_month(self._store, month, lambda: self._facts(month, _USUAL_COLUMNS), now=_now(), reason=reason)

    def reopen_month(self, month: str, *, reason: str) -> ReopenedMonth:
        """Take new rows into `month` again. That it was reopened, and why, stays on record.

        Raises:
            InvalidRequestError: the month is not closed, or no reason is given.
        """
        month_span(month)
        return reopen_month(self._store, month, reason=reason, now=_now())

    def verify_month(self, month: str) -> Verification:
        """Reckon the rows of a closed month anew, and tell whether they are those that were closed.

        Raises:
            InvalidRequestError: the month is not closed.
        """
        month_span(month)
        return verify_month(self._store, month)

    @property
    def month_acts(self) -> tuple[MonthAct, ...]:
        """Which months were closed and reopened, when and why, in that order."""
        return month_acts(self._store)

    def accept_corrections(self, *, reason: str, ids: Iterable[UUID] | None = None) -> CorrectionsMade:
        """Let rows that were set aside as `id_conflict` take the place of those they contradict; all of them, or `ids`.

        Nothing is changed: each is a reversal and a replacement, in the month itself or, if it is closed, in the next
        open one.

        Raises:
            InvalidRequestError: no such row was set aside, or no reason is given.
        """
        return accept_corrections(self._store, reason=reason, ids=ids, now=_now())

    def add_jobs(self, jobs: str | Path | Iterable[JobSource]) -> int:
        """Note how jobs ended, from `client.list()` or from files of `export_jobs`; return how many there were.

        Reports then tell what failures cost, and whether each completed job is billed once.

        Raises:
            InvalidRequestError: a file is not one of jobs; nothing was noted.
        """
        return add_jobs(self._store, jobs)

    def reconcile_jobs(self, month: str) -> JobReconciliation | None:
        """Hold the usage of `month` against the jobs noted by `add_jobs`; None: there are none."""
        return reconcile_jobs(self._store, month)

    def reconcile_invoice(
        self,
        month: str,
        invoice: str | Path,
        *,
        provider: str,
        columns: Mapping[str, str] | None = None,
        aliases: Mapping[str, str] | None = None,
        tolerance_usd: Decimal = Decimal(0),
    ) -> InvoiceReconciliation:
        """Hold what `provider` should charge for `month`, by its prices, against its invoice: a CSV file.

        The exports of OpenAI, Anthropic, AWS and FOCUS are known; `columns` names those of another file. `aliases` says
        which model of ours is meant by a name on the invoice. Gaps up to `tolerance_usd` a model count as agreement.

        Raises:
            InvalidRequestError: the file cannot be read as an invoice in US dollars.
        """
        return reconcile_invoice(
            provider_cost(self._store, month, self._prices),
            invoice,
            month=month,
            provider=provider,
            columns=columns,
            aliases=aliases,
            tolerance_usd=tolerance_usd,
        )

    def to_focus(
        self, month: str, path: str | Path, *, issuer: str, credit_price: Decimal | None = None, currency: str = "USD"
    ) -> Path:
        """Write the bill of `month` as a FOCUS 1.2 data set, .parquet or .csv, and return its path.

        `issuer` is who sends the bill. A credit costs `credit_price` in `currency`; without one, what the table of
        models says in US dollars.

        Raises:
            InvalidRequestError: an argument cannot be used, or the file cannot be written.
        """
        return write_focus(self._store, month, path, issuer=issuer, credit_price=credit_price, currency=currency)

    def to_lake(self, place: str | Path, months: Iterable[str] | None = None) -> list[LakeMonth]:
        """Write closed months, all or `months`, as Parquet files partitioned by month into a folder or an fsspec URL.

        A month that is there is left as it is.

        Raises:
            InvalidRequestError: a month is not closed, or is there with other rows.
        """
        return write_lake(self._store, place, months)

    def sql(self, query: str) -> UsageTable:
        """Return the answer to one SELECT over `usage`, `quarantine`, `source_file` and the tables beside them.

        Nothing can be changed by it, and no file can be read.

        Raises:
            InvalidRequestError: `query` is not one SELECT, or DuckDB cannot answer it.
        """
        try:
            if not isinstance(query, str) or not is_plain(query) or not is_one_query(query):
                raise InvalidRequestError("sql() takes one SELECT. The tables: usage, quarantine, source_file.")
            return self._store.ask(query)
        except DatabaseError as error:
            raise InvalidRequestError(f"DuckDB cannot answer this query. {error}") from error

    def close(self) -> None:
        """Let go of the store; without a name it is deleted."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        try:
            quality = self.quality
        except InvalidRequestError as error:  # a debugger shows what was closed, too
            return f"<Usage: {error}>"
        return (
            f"Usage({counted(quality.files, 'file')}: {counted(quality.kept, 'row')}, "
            f"{counted(quality.duplicates, 'duplicate')}, "
            f"{quality.quarantined:,} quarantined)"
        )

    @cached_property
    def _prices(self) -> PriceBook:
        # Not when made: many a question needs no price.
        return PriceBook.load() if self._own_prices is None else self._own_prices

    def _facts(self, month: str, columns: tuple[str, ...]) -> MonthFacts:
        return month_facts(self._store, month, columns, now=_now(), prices=self._prices, plans=self._plans)

    def _divided(self, kept: MonthFacts, columns: tuple[str, ...]) -> MonthFacts:
        """Return facts that were kept, divided by other columns: the rows of a closed month do not change."""
        if columns == kept.by:
            return kept
        return kept.replace(by=columns, groups=month_groups(self._store, kept.month, columns) if columns else ())


def _now() -> datetime:
    return datetime.now(UTC)
