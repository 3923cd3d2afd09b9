"""Which models can be named: those of the SDK, those of AIJOBS_MODELS, and those of the call."""

from __future__ import annotations

import os
from collections.abc import Iterable

from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.providers.models import Model, ModelTable

OwnModels = str | os.PathLike[str] | Iterable[Model]
"""Models of the user's own: a file of them, or themselves."""


def open_models(settings: Settings, models: OwnModels = ()) -> ModelTable:
    """Return all models that can be named; of two with one name, that of the call comes before that of AIJOBS_MODELS.

    Raises:
        InvalidRequestError: a file or a model cannot be used; the message names it.
    """
    table = ModelTable.load() if settings.models_file is None else ModelTable.read(settings.models_file)
    if isinstance(models, str | os.PathLike):
        return table.with_file(models)
    own = tuple(models)
    return table.with_models(*own) if own else table


def known_models() -> ModelTable:
    """Return the models that can be named where no call adds to them.

    Raises:
        ConfigurationError: a variable of the environment cannot be used; it is named.
        InvalidRequestError: the file of models cannot be used; the message names it.
    """
    return open_models(Settings.read(os.environ))
