"""Whom Google takes us for. Its own library looks for the credentials, and renews the tokens that they give."""

from __future__ import annotations

import threading
from typing import Any

import google.auth
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError, TransportError

from aijobs_sdk.providers.failures import UNREACHABLE, status_failure
from aijobs_sdk.providers.vertex.failures import NAME

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
_NOT_LET_IN = status_failure(401).replace(
    happened="was not asked",
    reason="no credentials were found, or Google does not take them",
    advice="Set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run `gcloud auth application-default login`.",
)
_NO_TOKEN = UNREACHABLE.replace(reason="no token could be fetched for it")


def made_up_credentials() -> Credentials:
    """Return some with a token that no vendor knows, for which nobody is asked: the library sends nothing without."""
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    credentials.token = "made-up"  # noqa: S105 - that is the point
    return credentials


class ApplicationDefault(Credentials):
    """Google's application default credentials, looked for when a token is first needed.

    Its clients ask for a new token in a thread, so no file and no metadata server is waited for on the event loop.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._lock = threading.Lock()
        self._found: Credentials | None = None

    def refresh(self, request: Any) -> None:  # noqa: ANN401 - of any of Google's transports
        """Get a new token; blocks.

        Raises:
            ProviderError: there are no credentials, or Google gives no token for them.
        """
        try:
            with self._lock:
                if not self.valid:  # otherwise the client of another loop was faster
                    self._renew(request)
        except TransportError:
            raise _NO_TOKEN.error(NAME) from None
        except GoogleAuthError as error:  # what it says may name a file
            raise (_NO_TOKEN if error.retryable else _NOT_LET_IN).error(NAME) from None
        except (OSError, ValueError):  # a file that cannot be read, or holds something else
            raise _NOT_LET_IN.error(NAME) from None

    def _renew(self, request: Any) -> None:  # noqa: ANN401 - as above
        if self._found is None:
            self._found, _ = google.auth.default(scopes=_SCOPES)
        self._found.refresh(request)  # type: ignore[no-untyped-call]
        if not self._found.token:
            raise _NOT_LET_IN.error(NAME)
        self.token, self.expiry = self._found.token, self._found.expiry
        self._quota_project_id = self._found.quota_project_id
