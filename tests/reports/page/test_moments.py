"""When a board was made and who joined when: from the stored lines, whatever run.json says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from kit.boards import write_jsonl
from kit.commands import output_of

from arena.config.loading import load_config
from arena.reports.page import read_page_data, render_page
from arena.reports.page.moments import NEVER, Moments, moments_of
from arena.store.folder import BoardFolder


def test_days_are_those_of_the_field_not_of_a_text_that_looks_like_it(tmp_path: Path) -> None:
    forged = 'He said "created_at":"1999-01-01T00:00:00Z" and {"created_at":"2099-01-01"}'
    a = write_jsonl(tmp_path / "a.jsonl", [{"turns": [forged], "created_at": "2026-02-03T10:00:00+00:00"},
                                           {"turns": [forged], "created_at": "2026-01-05T10:00:00+00:00"}])  # fmt: skip
    b = write_jsonl(tmp_path / "b.jsonl", [{"turns": [forged], "created_at": "2026-01-04T10:00:00+00:00"}])
    none = write_jsonl(tmp_path / "none.jsonl", [{"turns": [forged], "created_at": None}])
    found = moments_of({"a": a, "b": b, "none": none, "gone": tmp_path / "gone.jsonl"})
    assert dict(found.joined) == {"b": "2026-01-04", "a": "2026-01-05"}
    assert (found.first, found.last) == ("2026-01-04", "2026-02-03")
    assert moments_of({}).first is None


def test_the_page_has_a_title_and_the_history_without_run_json(plain_board: Path) -> None:
    out = plain_board.parent / "titled.html"
    output_of("report", "-c", str(plain_board), "--out", str(out), "--title", "Spring <b>board</b>")
    page = out.read_text(encoding="utf-8")
    assert "<title>Spring &lt;b&gt;board&lt;/b&gt; ·" in page
    output_of("report", "-c", str(plain_board), "--out", str(out))
    assert "Spring" not in out.read_text(encoding="utf-8")


def test_a_file_of_battles_has_the_title_it_is_given(tmp_path: Path) -> None:
    file, out = tmp_path / "battles.csv", tmp_path / "page.html"
    file.write_text("model_a,model_b,winner\n" + "x,y,model_a\n" * 30, encoding="utf-8")
    output_of("report", str(file), "--out", str(out), "--title", "Spring & <b>summer</b>")
    assert "<title>Spring &amp; &lt;b&gt;summer&lt;/b&gt;" in out.read_text(encoding="utf-8")
    output_of("report", str(file), "--out", str(out))
    assert "<title>battles" in out.read_text(encoding="utf-8")


def test_the_history_has_a_row_for_each_with_its_first_day(plain_board: Path) -> None:
    loaded = load_config(str(plain_board))
    folder = BoardFolder(loaded.config.output_dir)
    data = read_page_data(loaded.config, "board", folder, folder)
    joined = {"old <i>model</i>": "2026-01-04", "judge": "2026-02-05"}
    page = render_page(replace(data, moments=Moments(joined, "2026-03-01")))
    table = page.split("History: the first answer or verdict of each")[1].split("</table>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table)
    assert [re.sub(r"<[^>]+>", " ", row).split() for row in rows] == [
        ["old", "&lt;i&gt;model&lt;/i&gt;", "2026-01-04"],
        ["judge", "2026-02-05"],
    ]
    assert "History" not in render_page(replace(data, moments=NEVER))
