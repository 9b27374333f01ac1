"""How many cores this process may use: what the machine has, the affinity allows and the container grants."""

import math
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
QUOTA_V1: Final = (Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us"))


def available() -> int:
    """Return how many workers can run at the same time here; 1 at least."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return bounded(usable, _quota())


def bounded(usable: int, quota: str) -> int:
    """Return the cores that a quota leaves of those that can be used, begun ones included.

    Args:
        usable: cores.
        quota: `MICROSECONDS PERIOD` as in cgroup v2's `cpu.max`; `max` or a negative number is no quota.
    """
    words = quota.split()
    with suppress(ValueError, ZeroDivisionError):
        granted = int(words[0]) / int(words[1]) if len(words) == 2 else 0.0
        if granted > 0:
            return max(1, min(usable, math.ceil(granted)))
    return max(1, usable)


def _quota() -> str:
    with suppress(OSError):
        return QUOTA.read_text()
    with suppress(OSError):
        return " ".join(path.read_text().strip() for path in QUOTA_V1)
    return ""
