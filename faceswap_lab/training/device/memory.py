"""How much memory a run takes at most, for ``result.json`` and for who must ask a scheduler for it; and keeping it."""

import ctypes
import resource
import sys
from pathlib import Path

import torch

_RESET_PEAK = "5"  # what proc(5) has written to clear_refs to set VmHWM back to the present size


class PeakMemory:
    """The largest memory of this process, and of its GPU, from now on.

    In a sweep several runs share a process, so the peak is set back where the system lets us (Linux; see proc(5),
    clear_refs). A later run still counts what an earlier one has left with the process: libraries, and freed memory
    that is kept (``keep_freed_memory``). DataLoader workers and the further processes of ``trainer=ddp`` are not
    counted.
    """

    def __init__(self) -> None:
        self.since = "run" if _reset() else "process"
        if torch.cuda.is_initialized():  # else there is nothing yet to set back
            for device in range(torch.cuda.device_count()):
                torch.cuda.reset_peak_memory_stats(device)

    def read(self) -> dict[str, int | str]:
        """Return what is known by now.

        Returns:
            - ``resident``: bytes of the process in memory at the most, mapped files (faces, libraries) included.
            - ``mapped``: bytes of mapped files among those in memory at this moment, which the system takes back when
              memory is short; absent where the system does not say.
            - ``since``: "run", or "process" where the peak may be that of an earlier run in the same process.
            - ``gpu``: bytes of tensors on the GPU at the most, of the one with most; absent where none was used.
        """
        now = _status()
        found: dict[str, int | str] = {"resident": now.get("VmHWM") or _lifetime_peak(), "since": self.since}
        if "RssFile" in now:
            found["mapped"] = now["RssFile"]
        if torch.cuda.is_initialized():
            found["gpu"] = max(torch.cuda.max_memory_allocated(i) for i in range(torch.cuda.device_count()))
        return found


def _reset() -> bool:
    """Set the peak of this process back to what it has now, and return whether that worked."""
    before = _status().get("VmHWM")
    try:
        Path("/proc/self/clear_refs").write_text(_RESET_PEAK, encoding="ascii")
    except OSError:  # no Linux, or a container that forbids it
        return False
    return before is not None


def _status() -> dict[str, int]:
    """Return the sizes in /proc/self/status, in bytes by name; empty where there is no such file."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return {}
    sizes = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): 1024 * int(amount) for name, amount, _ in sizes}


def _lifetime_peak() -> int:
    """Return the largest resident size that the process has ever had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # macOS counts bytes, Linux KiB


_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # names of glibc's malloc.h
_KEEP = 2**31 - 1  # bytes, the largest that mallopt takes


def keep_freed_memory() -> bool:
    """Tell glibc to keep what torch frees instead of giving it back to the system, and return whether it could be told.

    A training step asks for the same large tensors again and again. By default its memory is returned when they are
    freed, and the system clears the same pages again for the next step: a fifth of the time at scale=quick, measured on
    a virtual machine. Now the largest amount in use at once stays with the process until it ends. Elsewhere (macOS,
    musl) nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # no glibc
        return False
    told = [mallopt(_MMAP_THRESHOLD, 1 << 30), mallopt(_TRIM_THRESHOLD, _KEEP), mallopt(_TOP_PAD, 64 << 20)]
    return all(told)
