"""What every page needs is imported while the browser still loads Streamlit's own page: nobody waits for it."""

from __future__ import annotations

from contextlib import suppress
from threading import Thread


def _import() -> None:
    with suppress(ImportError):  # the page that needs it says so
        import viz.views.leaderboard  # noqa: F401


_importing = Thread(target=_import, name="imports", daemon=True)


def begin() -> None:
    """Import in a thread of its own; called once, as the server starts."""
    _importing.start()


def wait() -> None:
    """Until it is done: two threads that import the same modules at once can see them half made."""
    if _importing.ident is not None:
        _importing.join()
