"""The Hugging Face hub, for models and data sets alike: revisions become commits, its client's errors sentences."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from xtreme_harness.errors import HarnessError, MachineError, RequestError, machine_error

COMMIT = re.compile(r"[0-9a-f]{40}")

# Read when the hub's clients are imported. Without them, requests tell the versions of libraries, a list of known
# agents is fetched to tell which one is calling, and every data set that is loaded is counted.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_UPDATE_DOWNLOAD_COUNTS", "0")

Missing = Callable[[str, str], HarnessError]  # from a name and what is wrong with it


def is_offline(asked: bool) -> bool:
    """Whether the hub must not be asked: `--offline`, or the hub's own switch."""
    return asked or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


@contextmanager
def told(name: str, what: str, offline: bool, missing: Missing) -> Iterator[None]:
    """The client's many exceptions as ours: no such name, the hub does not have it, or it cannot be reached.

    `what` is "model" or "data set"; `missing` makes the error for what the hub (or, offline, the cache) does not have.
    """
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError: its transport's, no OSError
        GatedRepoError,
        HFValidationError,
        HTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except GatedRepoError:
        raise missing(name, "is gated: accept its terms on the hub and log in (hf auth login)") from None
    except (RepositoryNotFoundError, RevisionNotFoundError):
        raise missing(name, f"the hub has no such {what} (or it is private: hf auth login)") from None
    except HFValidationError as error:
        raise RequestError(f"{name} is no name of a {what} on the hub: {first_line(error)}") from None
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        if offline:
            raise missing(name, "is not in the local cache; run once without --offline") from None
        raise MachineError(f"The hub cannot be reached for {name}: {first_line(error)}") from None
    except (OSError, HTTPError) as error:
        raise machine_error(error) or MachineError(
            f"The hub cannot be reached for {name}: {first_line(error)}"
        ) from None


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
