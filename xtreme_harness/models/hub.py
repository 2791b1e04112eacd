"""Checkpoints from the Hugging Face hub: a revision becomes a commit when the plan is made, files come at its turn."""

from __future__ import annotations

from pathlib import Path

from xtreme_harness.errors import CheckpointError
from xtreme_harness.hub import COMMIT, is_offline, told
from xtreme_harness.job import Job

SAFE_FILES = ["*.json", "*.safetensors", "*.model", "*.txt", "*.spm", "*.tiktoken"]
PICKLED_FILES = ["*.bin", "*.pt"]


def resolve_commit(repository: str, revision: str, offline: bool) -> str:
    """The commit that `revision` names now; a full commit is taken as it is, without asking anybody.

    Raises CheckpointError (exit 5) for what the hub does not have, MachineError (exit 6) when it cannot be reached.
    """
    if COMMIT.fullmatch(revision):
        return revision
    if is_offline(offline):
        raise CheckpointError(
            f"{repository}@{revision} must be resolved to a commit, which needs the network. "
            f"Offline, name the commit itself: {repository}@<40 hex digits>."
        )
    from huggingface_hub import HfApi

    with told(f"{repository}@{revision}", "model", offline, missing):
        commit = HfApi().model_info(repository, revision=revision).sha
    if commit is None:
        raise CheckpointError(f"The hub names no commit for {repository}@{revision}.")
    return str(commit)


def download(job: Job) -> None:
    """Fills the unit's folder with one commit's files: safetensors and texts, pickles and code only when allowed."""
    from huggingface_hub import snapshot_download

    wanted = job.unit.parameters
    patterns = [*SAFE_FILES, *(PICKLED_FILES if wanted["pickle"] else []), *(["*.py"] if wanted["remote_code"] else [])]
    offline = is_offline(bool(job.unit.details["offline"]))
    with told(f"{wanted['hub']}@{wanted['commit']}", "model", offline, missing):
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


def missing(name: str, what: str) -> CheckpointError:
    return CheckpointError(f"{name}: {what}.")
