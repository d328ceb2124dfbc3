"""The report is one file that says what the board says, loads nothing, and runs nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from kit.commands import output_of
from scipy import stats

from arena.cli import group
from arena.config.loading import load_config
from arena.files import read_objects
from arena.reports.board import report_of
from arena.reports.page import PageData, read_page_data, render_page
from arena.reports.page.health import Share, ShareTally
from arena.reports.page.markup import rate
from arena.store.folder import BoardFolder
from arena.types import JSON


class Parsed(HTMLParser):
    """Elements, attributes and texts as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.text: list[str] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._inside = tag
        if tag in ("script", "style"):
            (self.scripts if tag == "script" else self.styles).append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside == "style":
            self.styles[-1] += data
        else:
            self.text.append(data)


def data_of(config: Path) -> PageData:
    loaded = load_config(str(config))
    folder = BoardFolder(loaded.config.output_dir)
    return read_page_data(loaded.config, "board", folder, folder)


def page_of(config: Path, *options: str) -> str:
    out = config.parent / "page.html"
    output_of("report", "-c", str(config), "--out", str(out), *options)
    return out.read_text(encoding="utf-8")


def headline(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page)
    assert found is not None
    return re.sub(r"<[^>]+>", "", found.group(1))


def test_it_opens_with_the_verdict_and_the_top_models(plain_board: Path) -> None:
    page = page_of(plain_board)
    assert headline(page) == "crow leads, but finch is statistically tied with it: decide on cost and speed." or (
        headline(page) == "crow leads, and the data settles it."
    )
    board = json.loads((plain_board.parent / "runs/pairwise/reports/leaderboard.json").read_text())
    tied = [row["model"] for row in board["models"][1:] if row["rank_low"] == 1]
    assert ("finch" in headline(page)) == (tied == ["finch"])
    assert re.findall(r"<h3>(\w+)", page) == [row["model"] for row in board["models"]]
    assert page.index('id="verdict"') < page.index('class="cards"') < page.index('id="leaderboard"')


def test_its_numbers_are_the_leaderboards(plain_board: Path) -> None:
    page = page_of(plain_board)
    board = json.loads((plain_board.parent / "runs/pairwise/reports/leaderboard.json").read_text())
    for row in board["models"]:
        if row["rating"] is not None:
            assert f"{row['rating']:.0f}".replace("-", "−") in page
        assert f"{100 * row['win_rate']:.1f}%" in page
        assert f"{row['wins']} / {row['losses']} / {row['ties']}" in page
    assert "no verdict in the reply (7)" in page  # what is left out is said


def test_a_card_says_what_the_table_says(plain_board: Path) -> None:
    data = data_of(plain_board)
    leader, second = (dict(row, win_rate_overall=0.123) for row in models_of(data)[:2])
    baseline = changed(data, models=[leader, second], baseline=second["model"])
    first, other = re.findall(r"<article.*?</article>", render_page(baseline))
    assert f"<dd>{100 * leader['win_rate']:.1f}%</dd>" in first  # type: ignore[operator]
    assert "Win rate" not in other and "12.3%" not in first + other  # the baseline's half is no news


def test_without_a_tie_the_sentence_is_plain_and_with_many_it_asks_for_questions(plain_board: Path) -> None:
    data = data_of(plain_board)
    sure = [dict(row, rank=n, rank_low=n, rank_high=n) for n, row in enumerate(models_of(data), 1)]
    assert headline(render_page(with_models(data, sure))) == f"{sure[0]['model']} leads, and the data settles it."
    many = [dict(sure[0], model=f"m{n}", rank=n, rank_low=1, rank_high=6) for n in range(1, 7)]
    assert "5 other models are statistically tied" in headline(render_page(with_models(data, many)))
    few = changed(data, models=[*many], n_questions=5)
    assert headline(render_page(few)) == "m1 is ahead, but 5 questions cannot settle the order."
    level = [dict(row, rank=1, rank_low=1, rank_high=2) for row in sure[:2]]
    assert headline(render_page(with_models(data, level))).endswith("are exactly level.")
    apart = [dict(row, component=n) for n, row in enumerate(sure)]
    assert headline(render_page(with_models(data, apart))).startswith("The models fall into 3 groups that never met")
    assert headline(render_page(with_models(data, sure[:1]))).startswith("There is nothing to rank yet")


def test_a_leader_whose_answers_look_like_an_attack_is_not_praised_without_a_word(plain_board: Path) -> None:
    data = data_of(plain_board)
    leader, *others = (dict(row) for row in models_of(data))
    asked = leader["n_questions"]
    assert isinstance(asked, int)
    words = {
        f"suspicious: override ({asked})": "look made to sway the judge",
        f"repeated answer ({asked})": f"one and the same answer to {asked} of {asked} questions",
        f"repeated answer ({asked // 4})": None,
        f"truncated ({asked})": None,
    }
    for flag, told in words.items():
        first = headline(render_page(with_models(data, [leader | {"flags": [flag]}, *others])))
        assert told is None or told in first, flag
        assert ("sway" in first) is ("suspicious" in flag), flag


def test_flags_are_in_an_outsiders_words(plain_board: Path) -> None:
    data = data_of(plain_board)
    flags = ["suspicious: fence (3)", "suspicious: chat_token (1)", "repeated answer (8)", "truncated (2)", "odd {x}"]
    page = render_page(with_models(data, [models_of(data)[0] | {"flags": flags}, *models_of(data)[1:]]))
    shown = re.findall(r'class="pill warn">([^<]*)<', page)
    assert shown[0].startswith("imitates the judge") and shown[0].endswith("(3)")
    assert shown[1:] == ["imitates turns of a conversation (1)", "repeats one answer (8)", "cut off (2)", "odd {x}"]


def models_of(data: PageData) -> list[dict[str, JSON]]:
    return [dict(row.stored) for row in data.report.models]


def changed(data: PageData, **fields: JSON) -> PageData:
    """The page's data with other values in leaderboard.json."""
    return replace(data, report=report_of({**data.report.stored, **fields}))


def with_models(data: PageData, models: list[dict[str, JSON]]) -> PageData:
    return changed(data, models=[*models])


def test_among_tied_models_the_cheapest_is_named(plain_board: Path) -> None:
    data = data_of(plain_board)
    rows = [dict(models_of(data)[0], rank=n, rank_low=1, rank_high=2, model=name, cost_usd=cost, n_questions=10)
            for n, (name, cost) in enumerate((("dear", 5.0), ("cheap", 0.5)), 1)]  # fmt: skip
    page = render_page(with_models(data, rows))
    assert "<b>cheap</b> is the cheapest ($0.05 per question)" in page
    assert "Quality against price" in page and 'class="frontier"' in page


def test_no_order_of_two_models_is_called_certain(plain_board: Path) -> None:
    data = data_of(plain_board)
    pairs: list[JSON] = [
        {"a": "crow", "b": "wren", "p_better": 1.0},
        {"a": "crow", "b": "finch", "p_better": 0.92},
        {"a": "finch", "b": "wren", "p_better": 0.9951},
    ]
    page = render_page(changed(data, pairs=pairs))
    table = page[page.index('id="surely"') :].split("</table>")[0]
    shown = re.findall(r'title="P\((\w+) &gt; (\w+)\) ([^"]+)">([^<]*)<', table)
    assert sorted((a, b, label) for a, b, _, label in shown) == [
        ("crow", "finch", "92%"), ("crow", "wren", "&gt;99%"), ("finch", "crow", "8%"), ("finch", "wren", "&gt;99%"),
        ("wren", "crow", "&lt;1%"), ("wren", "finch", "&lt;1%"),
    ]  # fmt: skip
    assert ("crow", "wren", "&gt;99.9%", "&gt;99%") in shown


def test_the_method_names_the_judges_and_warnings_are_sentences(plain_board: Path) -> None:
    data = data_of(plain_board)
    page = render_page(changed(data, warnings=["judge x is kin of crow", "crow: 3 answers were cut off"]))
    assert "<dt>Judges</dt><dd>llmuses-reviewer</dd>" in page
    assert "<li>Judge x is kin of crow</li><li>crow: 3 answers were cut off</li>" in page


def test_a_board_without_costs_and_times_has_no_empty_section_for_them(plain_board: Path) -> None:
    page = page_of(plain_board)
    assert not any(row.get("cost_usd") or row.get("performance") for row in models_of(data_of(plain_board)))
    assert 'id="value"' not in page and 'href="#value"' not in page


def test_it_is_self_contained_and_its_policy_allows_only_its_own_blocks(plain_board: Path) -> None:
    page = page_of(plain_board)
    parsed = Parsed(page)
    policy = next(value for _, name, value in parsed.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy and "unsafe" not in policy
    own = [hashlib.sha256(block.encode()).digest() for block in (parsed.scripts[1], parsed.styles[0])]
    assert all(f"'sha256-{base64.b64encode(digest).decode()}'" in policy for digest in own)
    assert not [
        name for _, name, _ in parsed.attributes if name in {"src", "style", "srcset", "action"} or name[:2] == "on"
    ]
    assert {value[:1] for _, name, value in parsed.attributes if name == "href"} == {"#"}
    assert "://" not in page


def test_hostile_text_adds_no_element_and_no_attribute(plain_board: Path, hostile_board: Path) -> None:
    clean, attacked = Parsed(page_of(plain_board)), Parsed(page_of(hostile_board))
    assert attacked.elements <= clean.elements | {"polyline"}
    assert len(attacked.scripts) == 2 and len(attacked.styles) == 1
    assert attacked.scripts[1] == clean.scripts[1]
    assert {name for _, name, _ in attacked.attributes} <= {name for _, name, _ in clean.attributes}
    sample = json.loads(attacked.scripts[0])
    assert any("<script>" in turn for turns in sample["answers"].values() for turn in turns)  # kept word by word
    assert "<" not in attacked.scripts[0] and "\u2028" not in attacked.scripts[0]


def test_hostile_names_in_charts_flags_and_warnings_stay_text(plain_board: Path, hostile_board: Path) -> None:
    data = data_of(hostile_board)
    attack = '<script>1</script><svg onload=x>" onload="y'
    measured: dict[str, JSON] = {"load": attack, "latency_p50_s": 1.0, "ttft_p50_s": 0.5, "output_tokens_per_s": 9.0}
    rows = [dict(row, cost_usd=1.0 + n, performance=measured, flags=[attack], criteria={attack: 1.0})
            for n, row in enumerate(models_of(data))]  # fmt: skip
    board: dict[str, JSON] = {
        **data.report.stored, "models": [*rows], "warnings": [attack], "excluded": {attack: 3}, "judges": [attack],
        "ranked_by": attack, "mode": attack, "inputs": {attack: attack}, "baseline": rows[0]["model"],
    }  # fmt: skip
    run: dict[str, JSON] = {"prompts": {attack: attack}, "config": {attack: attack}, "arena_version": attack}
    attacked, clean = (
        Parsed(render_page(replace(data, report=report_of(board), run=run, title=attack))),
        Parsed(page_of(plain_board)),
    )
    assert len(attacked.scripts) == 2 and attacked.scripts[1] == clean.scripts[1]
    known = {"aria-label", "points", "transform", "cx", "cy", "r", "rx", "d", "height", "width", "x", "y"}
    assert {name for _, name, _ in attacked.attributes} <= {name for _, name, _ in clean.attributes} | known


def test_the_sample_holds_each_pair_and_every_verdict_with_its_words(plain_board: Path) -> None:
    data = data_of(plain_board)
    battles = data.sample["battles"]
    assert isinstance(battles, list) and len(battles) == data.n_rows == 90
    firsts = [(b["model_a"], b["model_b"]) for b in battles[:3]]  # type: ignore[index, call-overload]
    assert firsts == [("crow", "finch"), ("crow", "wren"), ("finch", "wren")]
    verdicts = battles[1]["verdicts"]  # type: ignore[index, call-overload]
    assert [(v["order"], v["label"]) for v in verdicts] == [("a_first", "first"), ("b_first", "second")]
    assert verdicts[0]["explanation"] == "because model_a"


def test_judge_health_counts_both_orders_only(plain_board: Path) -> None:
    health = data_of(plain_board).judges[0]
    assert health.consistent is not None and health.consistent.value == 1.0 and health.consistent.n == 30
    assert health.first_slot is not None and health.first_slot.value == 0.5
    assert health.unparsed is not None and health.failed is not None
    assert (health.rows, health.replies, health.unparsed.n, health.failed.value) == (90, 120, 120, 0.0)


def shared(values: list[tuple[str, float]]) -> Share | None:
    tally = ShareTally()
    for question, value in values:
        tally.add(question, value)
    return tally.share()


def test_judge_health_is_what_the_leaderboard_says(plain_board: Path) -> None:
    board = json.loads((plain_board.parent / "runs/pairwise/reports/leaderboard.json").read_text())
    detail, health = board["judges_detail"][0], data_of(plain_board).judges[0]
    for name, ours in (("consistency", health.consistent), ("first_slot", health.first_slot)):
        assert ours is not None
        assert detail[name] == pytest.approx({"value": ours.value, "low": ours.low, "high": ours.high, "n": ours.n})


def test_judges_that_decided_the_same_battles_are_compared(plain_board: Path) -> None:
    data = data_of(plain_board)
    pair: dict[str, JSON] = {
        "a": "x<y", "b": "z", "n_battles": 41, "raw": {"value": 0.75, "low": 0.5, "high": 0.9},
        "kappa": {"value": 0.625, "low": 0.25, "high": 0.875},
    }  # fmt: skip
    page = render_page(changed(data, diagnostics={"judges_agreement": [pair]}))
    assert "Cohen" in page and "x&lt;y" in page
    assert '>75.0%<span class="ends"> [50, 90]</span>' in page and '>0.62<span class="ends"> [0.25, 0.88]' in page
    assert "Cohen" not in render_page(data)


def test_criteria_are_means_or_rates_with_their_intervals(plain_board: Path) -> None:
    data = data_of(plain_board)
    criteria: dict[str, JSON] = {
        "criteria": {"violation": 0.25, "handling": 3.5}, "criteria_low": {"violation": 0.1, "handling": 3.1},
        "criteria_high": {"violation": 0.5, "handling": 3.9},
    }  # fmt: skip
    page = render_page(with_models(data, [dict(row) | criteria for row in models_of(data)]))
    assert '>25.0%<span class="ends"> [10, 50]</span>' in page
    assert '>3.50<span class="ends"> [3.10, 3.90]</span>' in page


def test_shares_of_one_kind_still_have_an_interval() -> None:
    found = shared([(str(n), 1.0) for n in range(20)])
    t = stats.t.ppf(0.975, 19)
    assert found is not None and found.low == pytest.approx(1 / (1 + t**2 / 20)) and found.high == 1.0
    assert shared([]) is None
    assert shared([("1", 1.0), ("1", 0.0)]) == Share(0.5, None, None, 2)


def test_repeating_every_row_makes_no_share_more_certain() -> None:
    values = [(str(n), float(n % 3 == 0)) for n in range(30)]
    once, twice = shared(values), shared(values + values)
    assert once is not None and twice is not None
    assert (twice.low, twice.high) == (pytest.approx(once.low), pytest.approx(once.high))


def test_chinese_has_every_word_and_no_english_heading(plain_board: Path) -> None:
    page = page_of(plain_board, "--lang", "zh")
    assert '<html lang="zh-CN">' in page
    assert headline(page).startswith("crow 领先")
    assert not re.findall(r"<h2>[A-Za-z]", page)


def test_the_same_board_gives_the_same_bytes(plain_board: Path) -> None:
    assert page_of(plain_board) == page_of(plain_board)


def test_a_board_that_was_not_rated_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"question_id": 1, "text": "?"}\n')
    (tmp_path / "config.yaml").write_text(
        "question_file: q.jsonl\noutput_dir: out\nanswers_gen: {a: {backend: simulated}}\n"
    )
    result = CliRunner().invoke(group, ["report", "-c", str(tmp_path / "config.yaml")])
    assert "rate the board first" in str(result.exception)


def test_a_rehearsal_carries_its_banner_and_single_mode_its_scores(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text("".join(f'{{"question_id": {n}, "text": "q{n}?"}}\n' for n in range(8)))
    (tmp_path / "config.yaml").write_text(
        "question_file: q.jsonl\noutput_dir: out\n"
        "answers_gen: {a: {backend: simulated}, b: {backend: simulated}}\n"
        "reviews_gen: {mode: single, judges: {j: {backend: simulated}}}\n"
    )
    output_of("run", "-c", str(tmp_path / "config.yaml"), "--dry-run")
    output_of("report", "-c", str(tmp_path / "config.yaml"), "--dry-run")
    page = (tmp_path / "out" / "dry-run" / "reports" / "leaderboard.html").read_text(encoding="utf-8")
    assert "REHEARSAL" in page and "every answer scored by itself" in page
    rows = [row for _, row in read_objects(tmp_path / "out" / "dry-run" / "reports" / "scores.jsonl")]
    assert len(json.loads(Parsed(page).scripts[0])["battles"]) == len(rows) == 16


@pytest.mark.slow
def test_ten_models_on_two_hundred_questions_stay_under_five_megabytes(tmp_path: Path) -> None:
    questions = [{"question_id": n, "text": f"Question {n}: " + "x" * 300, "category": f"c{n % 9}"} for n in range(200)]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(q) + "\n" for q in questions))
    names = [f"model-{n}" for n in range(10)]
    for name in names:
        lines = [{"question_id": n, "turns": [f"{name} {n} " + "a long answer. " * 300]} for n in range(200)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    entries = "".join(f"  {name}: {{backend: recorded, file: {name}.jsonl}}\n" for name in names)
    (tmp_path / "config.yaml").write_text(
        f"question_file: q.jsonl\noutput_dir: out\nanswers_gen:\n{entries}"
        "reviews_gen: {mode: pairwise_baseline, baseline: model-0, order: random, judges: {j: {backend: simulated}}}\n"
    )
    output_of("run", "-c", str(tmp_path / "config.yaml"))
    page = page_of(tmp_path / "config.yaml")
    assert len(page.encode()) < 5_000_000
    assert len(json.loads(Parsed(page).scripts[0])["battles"]) >= 200


@pytest.mark.parametrize(("value", "written"), [(None, "–"), (0.0421, "0.042"), (5.3, "5.3"), (1234.5, "1,234")])
def test_a_slow_models_rate_is_no_zero(value: float | None, written: str) -> None:
    assert rate(value) == written
