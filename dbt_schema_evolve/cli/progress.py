"""Progress on standard error: a line a step, silent when nobody watches."""

import sys
import time


class StderrProgress:
    """Prints each step with the seconds since the start; only to a terminal unless told to."""

    def __init__(self, always: bool = False) -> None:
        self._show = always or sys.stderr.isatty()
        self._began = time.monotonic()

    def step(self, text: str) -> None:
        """Say what begins now."""
        if self._show:
            sys.stderr.write(f"{time.monotonic() - self._began:6.0f} s  {text}\n")
            sys.stderr.flush()
