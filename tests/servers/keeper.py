"""Runs one server, and sees to it that nothing of it outlives its run, not even when the tests are killed with -9.

    python -I -S keeper.py FOLDER STOP_SIGNAL END_SIGNAL COMMAND...

SIGTERM makes it stop the server, with STOP_SIGNAL. FOLDER is the run's. Whoever owns the run holds a lock on its file
`owner`; the kernel lets go of that lock however the owner ends. Then the keeper sends END_SIGNAL, kills what is left,
and removes the folder. As long as it lives it holds a lock of its own on `keepers`, so the owner can wait for it.

The keeper adopts what the server leaves behind (a "child subreaper"): PostgreSQL's back ends and RabbitMQ's epmd go
into sessions of their own, where a signal to a process group misses them. Linux only. A script of its own, without any
import of this package, because it has to start quickly.
"""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 5.0  # Seconds that END_SIGNAL has before SIGKILL.


def descendants(ancestor: int) -> set[int]:
    """All living processes below this one, their children's children included."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # It ended meanwhile.
                # "42 (any) name) S 1 …": state and parent follow the last parenthesis.
                state, parent, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
                if state not in "ZX":
                    children.setdefault(int(parent), []).append(int(entry.name))
    found: set[int] = set()
    level = [ancestor]
    while level:
        level = [child for parent in level for child in children.get(parent, []) if child not in found]
        found.update(level)
    return found


def signal_below(ancestor: int, number: int) -> set[int]:
    """Sends a signal to all descendants, and returns them."""
    reached = descendants(ancestor)
    for pid in reached:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    return reached


def kill_below(ancestor: int) -> None:
    """Kills all descendants, and those that they start meanwhile."""
    while signal_below(ancestor, signal.SIGKILL):
        time.sleep(0.01)


def main() -> None:
    folder, stop_signal, end_signal, command = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ended = threading.Event()
    with (folder / "owner").open() as owner, (folder / "keepers").open() as keepers:
        fcntl.flock(keepers, fcntl.LOCK_SH)
        server = subprocess.Popen(command)

        def tell(number: int) -> None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, number)

        def follow_owner() -> None:
            fcntl.flock(owner, fcntl.LOCK_SH)
            ended.set()
            signal_below(os.getpid(), signal.SIGCONT)  # A test may have left it paused.
            tell(end_signal)
            time.sleep(PATIENCE)
            kill_below(os.getpid())

        signal.signal(signal.SIGTERM, lambda *_: tell(stop_signal))
        threading.Thread(target=follow_owner, daemon=True).start()
        while os.wait()[0] != server.pid:  # Whatever it adopted has to be reaped as well.
            pass
        kill_below(os.getpid())
        if ended.is_set():
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
