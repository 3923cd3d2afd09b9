"""`/_sim`: begin anew, add a rule, read the journal."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.scenario import Scenario
from aijobs_sdk.simulation.wire.exchange import HttpRequest, HttpResponse, json_response


class Control:
    """Directs the simulated world from outside."""

    def __init__(self, new_world: Callable[[], Mock], enter: Callable[[Mock], None]) -> None:
        self._new_world = new_world
        self._enter = enter
        self._world: Mock

    def reset(self) -> None:
        """Begin anew, as at the start."""
        self._world = self._new_world()
        self._enter(self._world)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Return what is answered at a path below `/_sim`."""
        match request.method, request.path:
            case "POST", "/_sim/reset":
                self.reset()
                return json_response({"status": "reset"})
            case "POST", "/_sim/rules":
                return self._add_rule(request)
            case "GET", "/_sim/journal":
                return json_response({"calls": [call.model_dump(mode="json") for call in self._world.calls]})
            case _:
                return json_response(
                    {"error": "There is POST /_sim/reset, POST /_sim/rules and GET /_sim/journal."}, status=404
                )

    def _add_rule(self, request: HttpRequest) -> HttpResponse:
        try:
            self._world.add_rule(Scenario.rule_of(request.json))
        except InvalidRequestError as error:
            fields: JsonValue = [problem.model_dump() for problem in error.fields]
            return json_response({"error": error.message, "fields": fields}, status=400)
        return json_response({"status": "added"})
