"""One self-contained HTML file that shows a board to somebody who has nothing else of it."""

from __future__ import annotations

from arena.reports.page.data import PageData, read_page_data, without_endpoints
from arena.reports.page.render import render_page

__all__ = ["PageData", "read_page_data", "render_page", "without_endpoints"]
