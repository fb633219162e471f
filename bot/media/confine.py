"""A program, not a library: confines itself, then becomes ffmpeg.

It stands between us and ffmpeg because limits must hold before the first byte is read, and running Python between
fork and exec inside a process with threads (`preexec_fn`) can deadlock. It costs about 10 ms.

Arguments: pid of the parent, bytes of memory, seconds of CPU, bytes of output, number of files, then the command.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _die_with(parent: int) -> None:
    """End when the parent ends, even by SIGKILL, so that no orphan keeps encoding."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def _limit(what: int, amount: int) -> None:
    """Lower a limit; where the system grants less already, that stays."""
    hard = resource.getrlimit(what)[1]
    amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS knows RLIMIT_AS but refuses it
        resource.setrlimit(what, (amount, amount))


def main(arguments: list[str]) -> None:
    parent, memory, cpu, output, files = (int(argument) for argument in arguments[:5])
    command = arguments[5:]
    _die_with(parent)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CPU, cpu)
    _limit(resource.RLIMIT_FSIZE, output)
    _limit(resource.RLIMIT_NOFILE, files)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and ffmpeg would inherit that
        signal.signal(ignored, signal.SIG_DFL)
    os.umask(0o077)
    os.nice(10)  # the bot answers within a second while films are encoded
    os.execve(command[0], command, {})  # noqa: S606 - a path of ours, no shell, no environment


if __name__ == "__main__":
    main(sys.argv[1:])
