"""Run AI generation jobs from a notebook: submit, wait, stream, batch, and know what it cost.

Names are resolved when they are first used, so that importing this package loads nothing else.
"""

TYPE_CHECKING = False  # type checkers read it as True; importing `typing` would cost more than the rest of this file
if TYPE_CHECKING:
    from aijobs_sdk.backends.http.hooks import HttpHooks as HttpHooks
    from aijobs_sdk.backends.http.limits import HttpLimits as HttpLimits
    from aijobs_sdk.batch.async_batch import AsyncBatch as AsyncBatch
    from aijobs_sdk.batch.estimate import BatchEstimate as BatchEstimate
    from aijobs_sdk.batch.failures import FailureGroup as FailureGroup
    from aijobs_sdk.batch.failures import Failures as Failures
    from aijobs_sdk.batch.progress import BatchProgress as BatchProgress
    from aijobs_sdk.batch.row import BatchRow as BatchRow
    from aijobs_sdk.batch.row import RowStatus as RowStatus
    from aijobs_sdk.client.async_handle import AsyncJobHandle as AsyncJobHandle
    from aijobs_sdk.client.batch import Batch as Batch
    from aijobs_sdk.client.handle import JobHandle as JobHandle
    from aijobs_sdk.client.waiting import DoneAndNotDone as DoneAndNotDone
    from aijobs_sdk.client.waiting import as_completed as as_completed
    from aijobs_sdk.client.waiting import wait as wait
    from aijobs_sdk.connect.clients import AsyncClient as AsyncClient
    from aijobs_sdk.connect.clients import Client as Client
    from aijobs_sdk.contract.batches import BatchRecord as BatchRecord
    from aijobs_sdk.contract.batches import BatchState as BatchState
    from aijobs_sdk.contract.blocks import Block as Block
    from aijobs_sdk.contract.blocks import BlockRequest as BlockRequest
    from aijobs_sdk.contract.blocks import DocumentConfiguration as DocumentConfiguration
    from aijobs_sdk.contract.blocks import Revision as Revision
    from aijobs_sdk.contract.error_info import ErrorCategory as ErrorCategory
    from aijobs_sdk.contract.error_info import ErrorInfo as ErrorInfo
    from aijobs_sdk.contract.errors import AdmissionError as AdmissionError
    from aijobs_sdk.contract.errors import AIJobsError as AIJobsError
    from aijobs_sdk.contract.errors import AuthenticationError as AuthenticationError
    from aijobs_sdk.contract.errors import BatchHeldError as BatchHeldError
    from aijobs_sdk.contract.errors import BatchNotFoundError as BatchNotFoundError
    from aijobs_sdk.contract.errors import BatchPausedError as BatchPausedError
    from aijobs_sdk.contract.errors import CircuitOpenError as CircuitOpenError
    from aijobs_sdk.contract.errors import ConfigurationError as ConfigurationError
    from aijobs_sdk.contract.errors import DeadLetterNotFoundError as DeadLetterNotFoundError
    from aijobs_sdk.contract.errors import IdempotencyConflictError as IdempotencyConflictError
    from aijobs_sdk.contract.errors import InvalidOutputError as InvalidOutputError
    from aijobs_sdk.contract.errors import InvalidRequestError as InvalidRequestError
    from aijobs_sdk.contract.errors import JobCancelledError as JobCancelledError
    from aijobs_sdk.contract.errors import JobError as JobError
    from aijobs_sdk.contract.errors import JobFailedError as JobFailedError
    from aijobs_sdk.contract.errors import JobNotFoundError as JobNotFoundError
    from aijobs_sdk.contract.errors import PermissionDeniedError as PermissionDeniedError
    from aijobs_sdk.contract.errors import ProviderBusyError as ProviderBusyError
    from aijobs_sdk.contract.errors import ProviderError as ProviderError
    from aijobs_sdk.contract.errors import RateLimitedError as RateLimitedError
    from aijobs_sdk.contract.errors import RequestTooLargeError as RequestTooLargeError
    from aijobs_sdk.contract.errors import ScheduleNotFoundError as ScheduleNotFoundError
    from aijobs_sdk.contract.errors import ServerUnavailableError as ServerUnavailableError
    from aijobs_sdk.contract.errors import StoreUnavailableError as StoreUnavailableError
    from aijobs_sdk.contract.errors import SuggestionDecidedError as SuggestionDecidedError
    from aijobs_sdk.contract.errors import SuggestionNotFoundError as SuggestionNotFoundError
    from aijobs_sdk.contract.errors import SuggestionOutdatedError as SuggestionOutdatedError
    from aijobs_sdk.contract.errors import TooManyJobsError as TooManyJobsError
    from aijobs_sdk.contract.errors import TooManyStreamsError as TooManyStreamsError
    from aijobs_sdk.contract.errors import UnreadableRecordError as UnreadableRecordError
    from aijobs_sdk.contract.estimate import Estimate as Estimate
    from aijobs_sdk.contract.events import JobAccepted as JobAccepted
    from aijobs_sdk.contract.events import JobCancelled as JobCancelled
    from aijobs_sdk.contract.events import JobCancelRequested as JobCancelRequested
    from aijobs_sdk.contract.events import JobCompleted as JobCompleted
    from aijobs_sdk.contract.events import JobEvent as JobEvent
    from aijobs_sdk.contract.events import JobFailed as JobFailed
    from aijobs_sdk.contract.events import JobProgressed as JobProgressed
    from aijobs_sdk.contract.events import JobReleased as JobReleased
    from aijobs_sdk.contract.events import JobRetrying as JobRetrying
    from aijobs_sdk.contract.events import JobStarted as JobStarted
    from aijobs_sdk.contract.events import StatusEvent as StatusEvent
    from aijobs_sdk.contract.events import TextDelta as TextDelta
    from aijobs_sdk.contract.events import UnknownEvent as UnknownEvent
    from aijobs_sdk.contract.health import BreakerHealth as BreakerHealth
    from aijobs_sdk.contract.health import BreakerState as BreakerState
    from aijobs_sdk.contract.health import Health as Health
    from aijobs_sdk.contract.health import PaceHealth as PaceHealth
    from aijobs_sdk.contract.health import StoreHealth as StoreHealth
    from aijobs_sdk.contract.health import WorkersHealth as WorkersHealth
    from aijobs_sdk.contract.job import Job as Job
    from aijobs_sdk.contract.job import JobRequest as JobRequest
    from aijobs_sdk.contract.job import JobStatus as JobStatus
    from aijobs_sdk.contract.job import Priority as Priority
    from aijobs_sdk.contract.job import Rate as Rate
    from aijobs_sdk.contract.provider import Finished as Finished
    from aijobs_sdk.contract.provider import GenerationRequest as GenerationRequest
    from aijobs_sdk.contract.provider import Message as Message
    from aijobs_sdk.contract.provider import Provider as Provider
    from aijobs_sdk.contract.provider import TextChunk as TextChunk
    from aijobs_sdk.contract.provider import Tool as Tool
    from aijobs_sdk.contract.records import DeadLetter as DeadLetter
    from aijobs_sdk.contract.records import Document as Document
    from aijobs_sdk.contract.records import Image as Image
    from aijobs_sdk.contract.records import LineageEvent as LineageEvent
    from aijobs_sdk.contract.records import UsageRow as UsageRow
    from aijobs_sdk.contract.results import AnalysisResult as AnalysisResult
    from aijobs_sdk.contract.results import BlockResult as BlockResult
    from aijobs_sdk.contract.results import Finding as Finding
    from aijobs_sdk.contract.results import GeneratedImage as GeneratedImage
    from aijobs_sdk.contract.results import GenerationResult as GenerationResult
    from aijobs_sdk.contract.results import ImageResult as ImageResult
    from aijobs_sdk.contract.results import JobResult as JobResult
    from aijobs_sdk.contract.schedule import Schedule as Schedule
    from aijobs_sdk.contract.suggestions import Suggestion as Suggestion
    from aijobs_sdk.contract.suggestions import SuggestionStatus as SuggestionStatus
    from aijobs_sdk.engine.context import JobContext as JobContext
    from aijobs_sdk.engine.job_type import JobType as JobType
    from aijobs_sdk.engine.job_type import job_type as job_type
    from aijobs_sdk.engine.limits import BreakerLimits as BreakerLimits
    from aijobs_sdk.engine.limits import Limits as Limits
    from aijobs_sdk.engine.limits import ModelPace as ModelPace
    from aijobs_sdk.engine.limits import PaceLimits as PaceLimits
    from aijobs_sdk.engine.log_context import JobLogFilter as JobLogFilter
    from aijobs_sdk.engine.metrics import Instrument as Instrument
    from aijobs_sdk.engine.metrics import Metrics as Metrics
    from aijobs_sdk.ipython_extension import load_ipython_extension as load_ipython_extension
    from aijobs_sdk.notebook.display import set_display as set_display
    from aijobs_sdk.providers.model import Model as Model
    from aijobs_sdk.providers.model import Route as Route
    from aijobs_sdk.providers.prices import Price as Price
    from aijobs_sdk.simulation.mock import Mock as Mock
    from aijobs_sdk.simulation.mock import UnusedRuleWarning as UnusedRuleWarning
    from aijobs_sdk.simulation.mock import mock as mock
    from aijobs_sdk.simulation.recording.recorder import Recorder as Recorder
    from aijobs_sdk.simulation.recording.recorder import record as record
    from aijobs_sdk.simulation.script import fail as fail
    from aijobs_sdk.simulation.script import ok as ok
    from aijobs_sdk.simulation.timeline import outage as outage
    from aijobs_sdk.simulation.verdict import Verdict as Verdict
    from aijobs_sdk.sinks.memory import InMemoryMetrics as InMemoryMetrics
    from aijobs_sdk.sinks.opentelemetry import OpenTelemetryMetrics as OpenTelemetryMetrics
    from aijobs_sdk.sinks.prometheus import PrometheusMetrics as PrometheusMetrics
    from aijobs_sdk.usage.billing.plans import PlanBook as PlanBook
    from aijobs_sdk.usage.billing.prices import PriceBook as PriceBook
    from aijobs_sdk.usage.exports.export import export_usage as export_usage
    from aijobs_sdk.usage.exports.jobs import export_jobs as export_jobs
    from aijobs_sdk.usage.monthly_report import MonthlyReport as MonthlyReport
    from aijobs_sdk.usage.table import UsageTable as UsageTable
    from aijobs_sdk.usage.usage import Usage as Usage
    from aijobs_sdk.usage.warehouse.dialects import sql_for as sql_for

_HOMES = {
    "BatchEstimate": "batch.estimate",
    "FailureGroup": "batch.failures",
    "Failures": "batch.failures",
    "RowStatus": "batch.row",
    "BatchRecord": "contract.batches",
    "BatchState": "contract.batches",
    "BatchHeldError": "contract.errors",
    "BatchNotFoundError": "contract.errors",
    "BatchPausedError": "contract.errors",
    "Block": "contract.blocks",
    "BlockRequest": "contract.blocks",
    "DocumentConfiguration": "contract.blocks",
    "Revision": "contract.blocks",
    "AnalysisResult": "contract.results",
    "BlockResult": "contract.results",
    "Finding": "contract.results",
    "Finished": "contract.provider",
    "TextChunk": "contract.provider",
    "GenerationRequest": "contract.provider",
    "Provider": "contract.provider",
    "Price": "providers.prices",
    "Route": "providers.model",
    "Tool": "contract.provider",
    "Message": "contract.provider",
    "InvalidOutputError": "contract.errors",
    "RequestTooLargeError": "contract.errors",
    "TooManyStreamsError": "contract.errors",
    "UnreadableRecordError": "contract.errors",
    "AuthenticationError": "contract.errors",
    "PermissionDeniedError": "contract.errors",
    "ServerUnavailableError": "contract.errors",
    "Estimate": "contract.estimate",
    "AsyncBatch": "batch.async_batch",
    "BatchProgress": "batch.progress",
    "BatchRow": "batch.row",
    "AsyncJobHandle": "client.async_handle",
    "Batch": "client.batch",
    "JobHandle": "client.handle",
    "DoneAndNotDone": "client.waiting",
    "as_completed": "client.waiting",
    "wait": "client.waiting",
    "AsyncClient": "connect.clients",
    "Client": "connect.clients",
    "ErrorCategory": "contract.error_info",
    "ErrorInfo": "contract.error_info",
    "AIJobsError": "contract.errors",
    "ConfigurationError": "contract.errors",
    "DeadLetterNotFoundError": "contract.errors",
    "IdempotencyConflictError": "contract.errors",
    "InvalidRequestError": "contract.errors",
    "JobCancelledError": "contract.errors",
    "JobError": "contract.errors",
    "JobFailedError": "contract.errors",
    "JobNotFoundError": "contract.errors",
    "ProviderError": "contract.errors",
    "ProviderBusyError": "contract.errors",
    "StoreUnavailableError": "contract.errors",
    "SuggestionDecidedError": "contract.errors",
    "SuggestionNotFoundError": "contract.errors",
    "SuggestionOutdatedError": "contract.errors",
    "ScheduleNotFoundError": "contract.errors",
    "AdmissionError": "contract.errors",
    "RateLimitedError": "contract.errors",
    "TooManyJobsError": "contract.errors",
    "Rate": "contract.job",
    "Schedule": "contract.schedule",
    "Suggestion": "contract.suggestions",
    "SuggestionStatus": "contract.suggestions",
    "CircuitOpenError": "contract.errors",
    "JobAccepted": "contract.events",
    "JobCancelRequested": "contract.events",
    "JobCancelled": "contract.events",
    "JobCompleted": "contract.events",
    "JobEvent": "contract.events",
    "JobFailed": "contract.events",
    "JobProgressed": "contract.events",
    "JobReleased": "contract.events",
    "JobRetrying": "contract.events",
    "JobStarted": "contract.events",
    "StatusEvent": "contract.events",
    "TextDelta": "contract.events",
    "UnknownEvent": "contract.events",
    "BreakerHealth": "contract.health",
    "BreakerState": "contract.health",
    "Health": "contract.health",
    "StoreHealth": "contract.health",
    "PaceHealth": "contract.health",
    "WorkersHealth": "contract.health",
    "Job": "contract.job",
    "JobRequest": "contract.job",
    "JobStatus": "contract.job",
    "Priority": "contract.job",
    "DeadLetter": "contract.records",
    "Document": "contract.records",
    "Image": "contract.records",
    "LineageEvent": "contract.records",
    "UsageRow": "contract.records",
    "GeneratedImage": "contract.results",
    "GenerationResult": "contract.results",
    "ImageResult": "contract.results",
    "JobResult": "contract.results",
    "JobContext": "engine.context",
    "HttpHooks": "backends.http.hooks",
    "HttpLimits": "backends.http.limits",
    "BreakerLimits": "engine.limits",
    "Limits": "engine.limits",
    "PaceLimits": "engine.limits",
    "ModelPace": "engine.limits",
    "JobType": "engine.job_type",
    "job_type": "engine.job_type",
    "JobLogFilter": "engine.log_context",
    "Instrument": "engine.metrics",
    "Metrics": "engine.metrics",
    "Model": "providers.model",
    "Mock": "simulation.mock",
    "UnusedRuleWarning": "simulation.mock",
    "mock": "simulation.mock",
    "Recorder": "simulation.recording.recorder",
    "record": "simulation.recording.recorder",
    "fail": "simulation.script",
    "ok": "simulation.script",
    "outage": "simulation.timeline",
    "Verdict": "simulation.verdict",
    "InMemoryMetrics": "sinks.memory",
    "OpenTelemetryMetrics": "sinks.opentelemetry",
    "PrometheusMetrics": "sinks.prometheus",
    "load_ipython_extension": "ipython_extension",
    "set_display": "notebook.display",
    "export_usage": "usage.exports.export",
    "export_jobs": "usage.exports.jobs",
    "sql_for": "usage.warehouse.dialects",
    "MonthlyReport": "usage.monthly_report",
    "UsageTable": "usage.table",
    "PriceBook": "usage.billing.prices",
    "PlanBook": "usage.billing.plans",
    "Usage": "usage.usage",
}

__all__ = [
    "AIJobsError",
    "AdmissionError",
    "AnalysisResult",
    "AsyncBatch",
    "AsyncClient",
    "AsyncJobHandle",
    "AuthenticationError",
    "Batch",
    "BatchEstimate",
    "BatchHeldError",
    "BatchNotFoundError",
    "BatchPausedError",
    "BatchProgress",
    "BatchRecord",
    "BatchRow",
    "BatchState",
    "Block",
    "BlockRequest",
    "BlockResult",
    "BreakerHealth",
    "BreakerLimits",
    "BreakerState",
    "CircuitOpenError",
    "Client",
    "ConfigurationError",
    "DeadLetter",
    "DeadLetterNotFoundError",
    "Document",
    "DocumentConfiguration",
    "DoneAndNotDone",
    "ErrorCategory",
    "ErrorInfo",
    "Estimate",
    "FailureGroup",
    "Failures",
    "Finding",
    "Finished",
    "GeneratedImage",
    "GenerationRequest",
    "GenerationResult",
    "Health",
    "HttpHooks",
    "HttpLimits",
    "IdempotencyConflictError",
    "Image",
    "ImageResult",
    "InMemoryMetrics",
    "Instrument",
    "InvalidOutputError",
    "InvalidRequestError",
    "Job",
    "JobAccepted",
    "JobCancelRequested",
    "JobCancelled",
    "JobCancelledError",
    "JobCompleted",
    "JobContext",
    "JobError",
    "JobEvent",
    "JobFailed",
    "JobFailedError",
    "JobHandle",
    "JobLogFilter",
    "JobNotFoundError",
    "JobProgressed",
    "JobReleased",
    "JobRequest",
    "JobResult",
    "JobRetrying",
    "JobStarted",
    "JobStatus",
    "JobType",
    "Limits",
    "LineageEvent",
    "Message",
    "Metrics",
    "Mock",
    "Model",
    "ModelPace",
    "MonthlyReport",
    "OpenTelemetryMetrics",
    "PaceHealth",
    "PaceLimits",
    "PermissionDeniedError",
    "PlanBook",
    "Price",
    "PriceBook",
    "Priority",
    "PrometheusMetrics",
    "Provider",
    "ProviderBusyError",
    "ProviderError",
    "Rate",
    "RateLimitedError",
    "Recorder",
    "RequestTooLargeError",
    "Revision",
    "Route",
    "RowStatus",
    "Schedule",
    "ScheduleNotFoundError",
    "ServerUnavailableError",
    "StatusEvent",
    "StoreHealth",
    "StoreUnavailableError",
    "Suggestion",
    "SuggestionDecidedError",
    "SuggestionNotFoundError",
    "SuggestionOutdatedError",
    "SuggestionStatus",
    "TextChunk",
    "TextDelta",
    "TooManyJobsError",
    "TooManyStreamsError",
    "Tool",
    "UnknownEvent",
    "UnreadableRecordError",
    "UnusedRuleWarning",
    "Usage",
    "UsageRow",
    "UsageTable",
    "Verdict",
    "WorkersHealth",
    "as_completed",
    "export_jobs",
    "export_usage",
    "fail",
    "job_type",
    "load_ipython_extension",
    "mock",
    "ok",
    "outage",
    "record",
    "set_display",
    "sql_for",
    "wait",
]

_LIBRARIES = {
    "OpenTelemetryMetrics": "opentelemetry",
    "PrometheusMetrics": "prometheus_client",
    "Usage": "duckdb",
}
"""What a name cannot be had without. It is offered where its library is, and says elsewhere which extra brings it."""

if not TYPE_CHECKING:  # a checker that saw this would believe that every name exists
    _PUBLIC = __all__
    del __all__  # asked for below: `import *` would raise for a library that nobody meant to use

    def __getattr__(name: str) -> object:
        """Import a public name from its home, once."""
        if name == "__all__":
            return _offered()
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - only those who use a name pay for it

        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_offered()})

    def _offered() -> list[str]:
        from importlib import util  # noqa: PLC0415 - only those who look around pay for it

        missing = {name for name, library in _LIBRARIES.items() if util.find_spec(library) is None}
        return [name for name in _PUBLIC if name not in missing]
