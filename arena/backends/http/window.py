"""How many calls an endpoint gets at once: up by one per round of successes, halved when it asks for patience."""

from __future__ import annotations

import math


class Window:
    """Additive increase, multiplicative decrease, between 1 and the configured concurrency.

    It starts fully open: most endpoints take what their user configured, and one that does not says so at once.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = math.inf if most is None else float(most)
        self._size = self._most

    @property
    def size(self) -> float:
        """Calls allowed at once; infinite without a configured limit."""
        return self._size if math.isinf(self._size) else math.floor(self._size)

    @property
    def narrowed(self) -> bool:
        """Whether it is below what was configured."""
        return self.size < self._most

    def widen(self) -> None:
        """One more success: a whole window of them makes room for one more call."""
        if self._size < self._most:
            self._size = min(self._most, self._size + 1 / self._size)

    def narrow(self, in_flight: int) -> None:
        """The endpoint asked for patience with so many calls under way: half of those from now on, at least one."""
        if not math.isinf(self._most):
            self._size = max(1.0, min(self._size, float(max(in_flight, 1))) / 2)
