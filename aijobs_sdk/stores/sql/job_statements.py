"""How a transaction finds the jobs that it works on, and keeps others from them."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Table, Update, bindparam, select, text, update

from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.statements import Statement, one_of


def _jobs_by_id(ids: int) -> Select[Any]:
    wanted = select(schema.jobs).where(schema.jobs.c.id.in_(one_of(schema.jobs.c.id, "ids", ids)))
    return wanted.order_by(schema.jobs.c.id).with_for_update()  # in one order, so that no two wait in a ring


def _next_due(what: ColumnElement[Any] | Table, types: int) -> Select[Any]:
    jobs = schema.jobs.c
    due = select(what).where(schema.DUE, jobs.type.in_(one_of(jobs.type, "types", types)))
    due = due.order_by(jobs.priority, jobs.ordinal).limit(bindparam("limit", type_=Integer))
    return due.with_for_update(skip_locked=True)


def _expired() -> Select[Any]:
    jobs = schema.jobs.c
    now = bindparam("now", type_=jobs.lease_until.type)
    late = (jobs.lease_until <= now) | (jobs.overdue_at <= now)
    return select(jobs.id).where(schema.RUNNING, late).with_for_update(skip_locked=True)


def _taken() -> Select[Any]:
    jobs = schema.jobs.c
    overdue_at = bindparam("overdue_at", type_=jobs.overdue_at.type)  # a heartbeat moves the other end, and not this
    worker_id = bindparam("worker_id", type_=jobs.worker_id.type)
    return select(jobs.id).where(schema.RUNNING, jobs.overdue_at == overdue_at, jobs.worker_id == worker_id)


def _fallen_due() -> Update:
    run_at = schema.jobs.c.run_at
    fallen = update(schema.jobs).where(schema.LATER, run_at <= bindparam("now", type_=run_at.type))
    return fallen.values(queue=text("'due'"))


LOCKED_JOBS, EXPIRED, FALLEN_DUE = Statement(_jobs_by_id), Statement(_expired), Statement(_fallen_due)
TAKEN = Statement(_taken)
NEXT_DUE, NEXT_DUE_IDS = Statement(partial(_next_due, schema.jobs)), Statement(partial(_next_due, schema.jobs.c.id))
