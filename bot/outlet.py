"""A stream that never makes its writers wait: a disk that is full or a reader that stopped must not stop the bot.

Lines are handed to a thread; where it cannot get rid of them, new ones are dropped and counted, and the count is logged
as soon as there is room again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading

logger = logging.getLogger(__name__)

#: Lines that may wait; some 3 MB.
MOST = 10_000
#: Seconds that the end of the process waits for the last lines.
LAST_WORDS = 2.0


class Outlet:
    """Writes to a file descriptor from a thread of its own; to a `logging.StreamHandler` it is a stream.

    Past Python's own stream: its lock, held by a thread that cannot get rid of a line, would hold up the process's end.
    """

    def __init__(self, descriptor: int, *, most: int = MOST) -> None:
        self._descriptor = descriptor
        self._lines: queue.Queue[str | threading.Event] = queue.Queue(most)
        self._dropped = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def write(self, text: str) -> None:
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._dropped += 1

    def flush(self) -> None:
        """Nothing waits for its line to be written."""

    def drain(self, within: float = LAST_WORDS) -> None:
        """Wait until everything said before is written, or for so many seconds."""
        written = threading.Event()
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(written)
            written.wait(within)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            if isinstance(line, threading.Event):
                line.set()
                continue
            try:
                left = line.encode(errors="backslashreplace")
                while left:
                    left = left[os.write(self._descriptor, left) :]
            except OSError:  # the disk is full, or nobody reads any more; there is nowhere to say it
                self._dropped += 1
                continue
            if self._dropped and self._lines.empty():
                dropped, self._dropped = self._dropped, 0
                logger.warning("lines of the log were dropped", extra={"lines": dropped})
