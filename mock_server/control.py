"""`/_sim`: begin anew, add a rule or a scenario, let time pass, read the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from pydantic import JsonValue

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.scenario import Scenario
from aijobs_sdk.simulation.wire.exchange import HttpRequest, HttpResponse, json_response
from mock_server.given_twice import field_given_twice
from mock_server.times import MOST_SECONDS, Advance


class Control:
    """Directs the simulated world from outside."""

    def __init__(
        self,
        new_world: Callable[[], Mock],
        enter: Callable[[Mock], None],
        advance: Advance | None = None,
    ) -> None:
        """Direct worlds of this kind; there is no `advance` where time is the real one."""
        self._new_world = new_world
        self._enter = enter
        self._advance = advance
        self._world: Mock

    def reset(self) -> None:
        """Begin anew, as at the start."""
        self._world = self._new_world()
        self._enter(self._world)

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """Return what is answered at a path below `/_sim`."""
        try:
            return await self._do(request)
        except InvalidRequestError as error:
            fields: JsonValue = [problem.model_dump() for problem in error.fields]
            return json_response({"error": error.message, "fields": fields}, status=400)
        except ConfigurationError as error:  # a file that was there at the start
            return json_response({"error": error.message}, status=400)

    async def _do(self, request: HttpRequest) -> HttpResponse:
        match request.method, request.path:
            case "POST", "/_sim/reset":
                self.reset()
                return json_response({"status": "reset"})
            case "POST", "/_sim/rules":
                self._world.add_rule(Scenario.rule_of(_asked(request)))
                return json_response({"status": "added"})
            case "POST", "/_sim/scenario":
                self._world.load(Scenario.of(_asked(request)))
                return json_response({"status": "loaded"})
            case "POST", "/_sim/clock":
                await self._let_pass(_asked(request))
                return json_response({"status": "advanced", "now": self._world.clock.now().isoformat()})
            case "GET", "/_sim/journal":
                return json_response({"calls": [call.model_dump(mode="json") for call in self._world.calls]})
            case _:
                return json_response(
                    {
                        "error": "There is POST /_sim/reset, /_sim/rules, /_sim/scenario and /_sim/clock, and "
                        "GET /_sim/journal."
                    },
                    status=404,
                )

    async def _let_pass(self, asked: JsonValue) -> None:
        if self._advance is None:
            _refuse("time is the real one here: start the server with --clock virtual")
        seconds = asked.get("advance_seconds") if isinstance(asked, Mapping) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MOST_SECONDS:
            _refuse(f"should be a number of seconds from 0 to {MOST_SECONDS:,.0f}, got {shape_of(seconds)}")
        await self._advance(seconds)


def _asked(request: HttpRequest) -> JsonValue:
    """Return what the body says.

    Raises:
        InvalidRequestError: it is no JSON: that something in it were missing would be said of something else. Or it
            has a field twice, of which one would be passed over.
    """
    if request.json is None:
        raise _unusable("The body", "body", "is no JSON")
    if twice := field_given_twice(request.body):
        raise _unusable(twice, twice, "is there twice")
    return request.json


def _unusable(what: str, field: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"{what} {problem}. Nothing was applied.", fields=[FieldProblem(field=field, problem=problem)]
    )


def _refuse(problem: str) -> NoReturn:
    raise InvalidRequestError(
        f"`advance_seconds`: {problem}.", fields=[FieldProblem(field="advance_seconds", problem=problem)]
    )
