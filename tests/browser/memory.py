"""The memory of a process, as Linux counts it."""

import re
from pathlib import Path

#: Megabytes of its own that a chapter's kernel may hold after Run All. Importing TensorFlow alone takes 277; the aim is
#: 450, and chapters were measured at 400 to 510.
KERNEL_LIMIT = 600

#: Whether the system tells what is counted here.
COUNTED = Path("/proc/self/status").exists()


def own(process: int) -> float:
    """Reads the megabytes that a process shares with no other: what it has written itself."""
    return _read(process, "RssAnon")


def shared(process: int) -> float:
    """Reads the megabytes of files, libraries above all, that several processes have in memory only once."""
    return _read(process, "RssFile") + _read(process, "RssShmem")


def _read(process: int, kind: str) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    (kilobytes,) = re.findall(rf"^{kind}:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) * 1024 / 1e6
