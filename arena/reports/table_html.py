"""The leaderboard as a plain HTML table, for whoever shows HTML: a notebook, a message."""

from __future__ import annotations

from html import escape

from arena.redact import redact
from arena.reports.board import Report, Standing
from arena.reports.columns import BoardColumn, columns_of
from arena.reports.leaderboard import BANNER, CELLS, basis
from arena.reports.verdict import verdict_of


def table_html(report: Report) -> str:
    """The table with what it rests on, every text in it escaped."""
    columns = columns_of(report, "markdown")
    heads = [column.heading("markdown") + (" %" if column.kind == "percent" else "") for column in columns]
    head = "".join(f"<th>{_html(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{_html(_cell(column, row))}</td>" for column in columns) + "</tr>"
        for row in report.models
    )
    banner = f"<p><strong>{_html(BANNER)}</strong></p>" if report.simulated else ""
    said = f"<p>{_html(verdict_of(report).text)}<br>{_html(basis(report))}</p>"
    return f"{banner}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{said}"


def _cell(column: BoardColumn, row: Standing) -> str:
    """As leaderboard.md has it, but for names and words, which are escaped for HTML instead."""
    match column.kind:
        case "model":
            return row.model
        case "text":
            return column.text(row)
        case "flags":
            return ", ".join(row.flags)
        case _:
            return CELLS[column.kind](column, row)


def _html(text: str) -> str:
    return escape(redact(text))
