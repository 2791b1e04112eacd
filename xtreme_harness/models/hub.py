"""Checkpoints from the Hugging Face hub: a revision becomes a commit when the plan is made, files come at its turn."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xtreme_harness.errors import CheckpointError, MachineError, RequestError, machine_error
from xtreme_harness.job import Job

COMMIT = re.compile(r"[0-9a-f]{40}")
SAFE_FILES = ["*.json", "*.safetensors", "*.model", "*.txt", "*.spm", "*.tiktoken"]
PICKLED_FILES = ["*.bin", "*.pt"]

# Read when the hub's client is imported. Without it, requests tell the versions of libraries, and a list of known
# agents is fetched to tell which one is calling.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def resolve_commit(repository: str, revision: str, offline: bool) -> str:
    """The commit that `revision` names now; a full commit is taken as it is, without asking anybody.

    Raises CheckpointError (exit 5) for what the hub does not have, MachineError (exit 6) when it cannot be reached.
    """
    if COMMIT.fullmatch(revision):
        return revision
    if offline:
        raise CheckpointError(
            f"{repository}@{revision} must be resolved to a commit, which needs the network. "
            f"Offline, name the commit itself: {repository}@<40 hex digits>."
        )
    from huggingface_hub import HfApi

    with _told(repository, revision, offline):
        commit = HfApi().model_info(repository, revision=revision).sha
    if commit is None:
        raise CheckpointError(f"The hub names no commit for {repository}@{revision}.")
    return str(commit)


def download(job: Job) -> None:
    """Fills the unit's folder with one commit's files: safetensors and texts, pickles and code only when allowed."""
    from huggingface_hub import snapshot_download

    wanted = job.unit.parameters
    patterns = [*SAFE_FILES, *(PICKLED_FILES if wanted["pickle"] else []), *(["*.py"] if wanted["remote_code"] else [])]
    offline = bool(job.unit.details["offline"]) or os.environ.get("HF_HUB_OFFLINE") == "1"
    with _told(wanted["hub"], wanted["commit"], offline):
        cached = snapshot_download(
            wanted["hub"], revision=wanted["commit"], allow_patterns=patterns, local_files_only=offline
        )
    if not wanted["pickle"] and not any(Path(cached).glob("*.safetensors")):
        raise CheckpointError(
            f"{wanted['hub']}@{wanted['commit']} has no safetensors weights.\n"
            "If it has pickled ones, which can run code when loaded: pass --allow-pickle if you trust them."
        )
    _copy(Path(cached), job)


def _copy(cached: Path, job: Job) -> None:
    import shutil

    for path in sorted(cached.iterdir()):
        if path.is_file():
            shutil.copyfile(path, job.folder / path.name)  # follows the cache's links: the unit owns its bytes


@contextmanager
def _told(repository: str, revision: str, offline: bool) -> Iterator[None]:
    """The hub client's many exceptions as ours: no such name, it does not have it, or it cannot be reached."""
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError: its transport's, no OSError
        GatedRepoError,
        HFValidationError,
        HTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    name = f"{repository}@{revision}"
    try:
        yield
    except GatedRepoError:
        raise CheckpointError(f"{name} is gated: accept its terms on the hub and log in (hf auth login).") from None
    except (RepositoryNotFoundError, RevisionNotFoundError):
        raise CheckpointError(f"The hub has no model {name} (or it is private: hf auth login).") from None
    except HFValidationError as error:
        raise RequestError(f"{name} is no name of a model on the hub: {_first_line(error)}") from None
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        if offline:
            raise CheckpointError(f"{name} is not in the local cache; run once without --offline.") from None
        raise MachineError(f"The hub cannot be reached for {name}: {_first_line(error)}") from None
    except (OSError, HTTPError) as error:
        raise machine_error(error) or MachineError(
            f"The hub cannot be reached for {name}: {_first_line(error)}"
        ) from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
