"""Where tensors live and in what precision: device, dtype class, token budget, attention. Chosen by measurement.

The dtype class is part of a unit's identity, so it is decided without loading torch where the answer is plain.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtreme_harness.errors import MachineError

if TYPE_CHECKING:
    import torch

CPU_TOKENS = 1024  # with more, the working set of a batch leaves the processor's cache: 1.1 to 2.3 times slower
GPU_TOKENS_PER_GIB = 1024


def has_accelerator() -> bool:
    """Whether a GPU may be here, without loading torch: a driver's device file, or Apple silicon."""
    return any(Path(path).exists() for path in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")) or sys.platform == "darwin"


def cpu_has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 natively (AVX-512 BF16, AMX, or Arm BF16)."""
    try:
        words = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return False
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(words))


def resolve_devices(names: str) -> list[str]:
    """`cuda:0,cuda:1` as a list of devices that are here; training shares its updates among them."""
    return [_resolve(name.strip()) for name in names.split(",")]


def resolve_device(names: str) -> str:
    """The first of `names`. `auto` becomes the first accelerator, else the CPU.

    Raises MachineError for a device that is not here.
    """
    return _resolve(names.split(",")[0].strip())


def _resolve(name: str) -> str:
    if name == "cpu" or (name == "auto" and not has_accelerator()):
        return "cpu"
    import torch

    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if name == "auto":
        return accelerator.type if accelerator is not None else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise MachineError(f"There is no device {name!r} here ({reason}). Use --device cpu or auto.") from None
    return name


def resolve_dtype(name: str, device: str) -> str:
    """`auto` becomes bfloat16 where the device has it natively, else float32."""
    if name != "auto":
        return name
    if device == "cpu":
        return "bfloat16" if cpu_has_bfloat16() else "float32"
    if device.startswith("cuda"):
        import torch

        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    return "float32"


def resolve_budget(budget: int | None, device: str) -> int:
    """Tokens of a batch, padding included: as asked, else by the device's memory."""
    if budget is not None:
        return budget
    if not device.startswith("cuda"):
        return CPU_TOKENS
    import torch

    gibibytes = torch.cuda.get_device_properties(device).total_memory / 2**30
    return max(CPU_TOKENS, int(gibibytes) * GPU_TOKENS_PER_GIB)


def attention(device: str) -> str:
    """The faster attention: eager on a CPU, where the fused one has a slow bfloat16 backward pass; else torch's own."""
    return "eager" if device == "cpu" else "sdpa"


def autocast(device: str, dtype: str) -> Any:
    """A context in which matrix products run in `dtype`; parameters stay float32."""
    import torch

    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=dtype == "bfloat16")


def describe(device: str) -> str:
    """The device in words, for records."""
    import platform

    if device.startswith("cuda"):
        import torch

        return str(torch.cuda.get_device_name(device))
    return f"{device} {platform.processor() or platform.machine()}".strip()


def set_threads(threads: int | None) -> None:
    import torch

    if threads is not None:
        torch.set_num_threads(threads)


def to_device(arrays: dict[str, Any], device: str) -> dict[str, torch.Tensor]:
    """NumPy arrays as tensors on `device`."""
    import torch

    return {name: torch.from_numpy(array).to(device, non_blocking=True) for name, array in arrays.items()}
