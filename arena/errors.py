"""Every error the program raises on purpose, in one tree.

ArenaError                     becomes one line on the terminal, never a traceback
├── InputError                 the user's input or environment is wrong          exit 2
│   ├── ConfigError            the configuration file
│   ├── DataError              a question, answer, battle or ledger file
│   ├── BoardLocked            another run works on this board
│   └── MissingDependency      an optional package is not installed
├── RunStopped                 the run ends early; what exists is kept            exit 3
│   ├── BudgetReached          the next call could pass --budget-usd
│   ├── EndpointDead           an endpoint refuses everybody or never answers
│   └── DiskFull               the output folder takes no more
└── CallError                  one call failed; the retry loop turns it into data
    ├── Throttled              429, 503, 529, 408, 409, refused: the whole endpoint waits
    ├── Unstable               500, 502, 504, cut body, read timeout: may have been billed
    ├── Rejected               400, 413, 422 (and 403, 404 after a success): this request only
    └── Unauthorized           401, 402, no quota; 403, 404 before any success: nobody gets in
"""

from __future__ import annotations


class ArenaError(Exception):
    """Base of everything raised on purpose; `exit_code` is what the command line returns for it."""

    exit_code = 2


class InputError(ArenaError):
    """What the user gave cannot be used. The message names file, field, what was found and what is allowed."""


class ConfigError(InputError):
    """The configuration file is wrong."""


class DataError(InputError):
    """A data file is wrong. The message starts with `path:line:` where a line is known."""


class BoardLocked(InputError):
    """Another process works on this board."""


class MissingDependency(InputError):
    """A package of an extra is needed and not installed. The message names the extra."""


class RunStopped(ArenaError):
    """The run ends before its plan; everything received so far is stored."""

    exit_code = 3


class BudgetReached(RunStopped):
    """The next call could spend more than the budget allows."""


class EndpointDead(RunStopped):
    """An endpoint lets nobody in, or has not answered for a long time.

    The exit code is 2 instead where nothing can have been billed (`arena.stages.run.exit_code_of`).
    """


class DiskFull(RunStopped):
    """The output folder takes no more bytes."""


class CallError(ArenaError):
    """One call failed. Raised by a backend's transport, caught by the retry loop, never shown as it is."""

    billable = False
    """Whether a model may have worked, and somebody be billed for it: not where nobody was reached, nor for a 4xx."""


class Throttled(CallError):
    """The endpoint asks for patience."""

    def __init__(
        self, message: str, retry_after_s: float | None = None, *, refused: bool = False, billable: bool = False
    ) -> None:
        super().__init__(message)
        self.billable = billable
        self.retry_after_s = retry_after_s
        """Seconds the server asked for, None when it did not say."""
        self.refused = refused
        """The connection was refused: nobody listens there."""


class Unstable(CallError):
    """The call broke on the way; the server may have done, and billed, the work."""

    billable = True

    def __init__(self, message: str, status_code: int | None = None, *, again: bool = True) -> None:
        super().__init__(message)
        self.status_code = status_code
        """The server's own, 500 or more; None where it said nothing of the kind."""
        self.again = again
        """Whether another try can end differently."""


class Rejected(CallError):
    """The endpoint will never take this request."""

    def __init__(self, message: str, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code


class Unauthorized(CallError):
    """The endpoint takes no request of ours."""

    def __init__(self, message: str, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code
