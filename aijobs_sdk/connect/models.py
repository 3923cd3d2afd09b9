"""Which models can be named: those of the SDK, those of AIJOBS_MODELS, and those of the call."""

from __future__ import annotations

import os
from collections.abc import Iterable

from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.contract.refusal import members_of
from aijobs_sdk.providers.model import Model
from aijobs_sdk.providers.models import ModelTable

OwnModels = str | os.PathLike[str] | Iterable[Model]
"""Models of the user's own: a file of them, or themselves."""


def open_models(settings: Settings, models: OwnModels = ()) -> ModelTable:
    """Return all models that can be named; of two with one name, that of the call comes before that of AIJOBS_MODELS.

    Raises:
        InvalidRequestError: a file or a model cannot be used; the message names it.
    """
    table = ModelTable.load() if settings.models_file is None else ModelTable.read(settings.models_file)
    own = own_models(models)
    if isinstance(own, tuple):
        return table.with_models(*own) if own else table
    return table.with_file(own)


def own_models(models: OwnModels) -> str | os.PathLike[str] | tuple[Model, ...]:
    """Return the models, so that they can be read more than once, or the path of their file.

    Raises:
        InvalidRequestError: it is neither.
    """
    if isinstance(models, str | os.PathLike):
        return models
    return members_of("models", models, Model, "models, as in `[aijobs.Model(...)]`, or the path of a file of them")


def known_models() -> ModelTable:
    """Return the models that can be named where no call adds to them.

    Raises:
        ConfigurationError: a variable of the environment cannot be used; it is named.
        InvalidRequestError: the file of models cannot be used; the message names it.
    """
    return open_models(Settings.read(os.environ))
