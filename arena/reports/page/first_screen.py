"""The first screen: the verdict, the facts to decide by, and the three models to look at."""

from __future__ import annotations

from collections.abc import Sequence

from arena.reports.board import Report, Standing
from arena.reports.difference import main_difference
from arena.reports.leaderboard import rank_text
from arena.reports.page.data import PageData
from arena.reports.page.markup import Html, fill, join, money, number, percent, plain_number, seconds, tag
from arena.reports.page.words import Words
from arena.reports.verdict import Language, ranked, tied_with_leader, verdict_of


def summary(data: PageData, w: Words, language: Language) -> Html:
    """The verdict in one sentence, and the two or three facts to decide by."""
    report = data.report
    unit = w["unit_scores" if report.single else "unit_battles"]
    known = {"n": number(report.n_battles), "unit": unit, "q": number(report.n_questions)}
    rested = fill(w["rested" if report.n_questions else "rested_alone"], **known)
    level = percent(report.level)
    how = {"sandwich": "clustered", "bootstrap": "bootstrap", "independent": "independent"}.get(report.interval, "none")
    return tag(
        "section",
        tag("p", rested, *([" · ", made] if (made := _made(data)) else []), class_="eyebrow"),
        tag("h1", *_rehearsed(report, w), Html(verdict_of(report).told(language, lambda name: tag("b", name)))),
        tag("p", *_facts(data, w), class_="facts"),
        tag("p", fill(w["interval_note"], level=level, how=w[how]), class_="note"),
        id="verdict",
    )


def _rehearsed(report: Report, w: Words) -> list[Html]:
    """What stands before a sentence about invented verdicts: whoever copies it takes it along."""
    return [tag("span", w["rehearsed"], class_="pill warn"), Html(" ")] if report.simulated else []


def _made(data: PageData) -> str:
    """The days between which the board was made."""
    first, last = data.moments.first, data.moments.last
    return "" if first is None else first if first == last else f"{first} – {last}"


def per_question(row: Standing) -> float | None:
    """USD per question of one model; None when unknown."""
    return row.cost_usd / row.n_questions if row.cost_usd is not None and row.n_questions else None


def _name(row: Standing) -> Html:
    return tag("b", row.model)


def _facts(data: PageData, w: Words) -> list[Html]:
    report, rows = data.report, ranked(data.report)
    if len(rows) < 2 or len({row.component for row in rows}) > 1:
        return []
    facts = []
    baseline, leader = report.baseline, rows[0]
    if (apart := main_difference(report)) is not None:
        shown = join(*_rehearsed(report, w), Html(apart.told(lambda name: tag("b", name))))
        facts.append(shown if report.single else fill(w["points"], difference=shown))
    if baseline and leader.win_rate is not None and (leader.model != baseline or len(report.baselines) > 1):
        ends = {"low": percent(leader.win_rate_low), "high": percent(leader.win_rate_high)}
        shown = tag("b", percent(leader.win_rate))
        names = ", ".join(tag("b", name) for name in report.baselines)
        which = "against_baselines" if len(report.baselines) > 1 else "against_baseline"
        facts.append(fill(w[which], baseline=Html(names), rate=shown, **ends))
    close = [leader, *tied_with_leader(rows)]
    if len(close) > 1:
        facts += _cheap_and_quick(close, w)
    return [join(fact, " ") for fact in facts]


def _cheap_and_quick(close: Sequence[Standing], w: Words) -> list[Html]:
    facts = []
    costs = [(cost, row) for row in close if (cost := per_question(row)) is not None]
    if len(costs) > 1 and len({cost for cost, _ in costs}) > 1:
        cost, row = min(costs, key=lambda item: item[0])
        facts.append(fill(w["cheapest"], model=_name(row), cost=money(cost)))
    times = [(time, row) for row in close if (time := row.performance.latency_p50_s) is not None]
    if len(times) > 1 and len({row.performance.load for _, row in times}) == 1:
        time, row = min(times, key=lambda item: item[0])
        facts.append(fill(w["fastest"], model=_name(row), time=seconds(time)))
    return facts


def cards(data: PageData, w: Words) -> Html | None:
    """The three models at the top."""
    rows = ranked(data.report)[:3]
    if not rows or not data.report.n_battles:
        return None
    return tag("section", *(_card(row, data.report, w) for row in rows), class_="cards")


def _card(row: Standing, report: Report, w: Words) -> Html:
    value, ends = main_number(row, report, w)
    is_baseline, latency = row.model in report.baselines, row.performance.latency_p50_s
    facts = [
        (
            w["implied_win_rate" if report.adaptive else "win_rate"],
            percent(row.win_rate, 1),
            not report.single and (not is_baseline or len(report.baselines) > 1),
        ),
        (w["games"], games_text(row), not report.single),
        (w["answers"], number(row.n_questions), report.single),
        (w["cost_axis"], money(per_question(row)), per_question(row) is not None),
        (w["latency"], seconds(latency), latency is not None),
        (w["length"], number(row.mean_length), row.mean_length is not None),
    ]
    listed = [join(tag("dt", name), tag("dd", shown)) for name, shown, there in facts if there]
    return tag(
        "article",
        tag("p", rank_text(row), class_="place"),
        tag("h3", row.model, tag("span", w["baseline"], class_="pill") if is_baseline else None),
        tag("p", tag("b", value), " ", tag("span", ends) if ends else None, class_="big"),
        tag("dl", *listed),
        class_="card",
    )


def main_number(row: Standing, report: Report, w: Words) -> tuple[str, str]:
    """The number drawn of a model, or what stands for one without an end, and its interval in brackets."""
    ends, digits = row.interval(report.drawn), 2 if report.single else 0
    shown = plain_number(ends.value, digits)
    if ends.value is None and row.unbounded:
        shown = w["won_all" if row.unbounded == "high" else "lost_all"]
    if ends.low is None and ends.high is None:
        return shown, ""
    return shown, f"[{plain_number(ends.low, digits, '−∞')}, {plain_number(ends.high, digits, '+∞')}]"


def games_text(row: Standing) -> str:
    """Won, lost and tied."""
    return f"{number(row.wins)} / {number(row.losses)} / {number(row.ties)}"
