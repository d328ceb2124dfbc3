"""Files as spreadsheets, pandas and other tools write them, through the command line: a row per quirk.

The file of a row holds the same three battles as every other, unless the row says what is expected of it.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kit.boards import arithmetic_board, read_jsonl
from kit.commands import Done, arena

HEAD = "question_id,model_a,model_b,winner\n"
ROWS = HEAD + "1,x,y,model_a\n2,y,x,model_a\n3,x,y,tie\n"
OBJECTS = [
    {"question_id": "1", "model_a": "x", "model_b": "y", "winner": "model_a"},
    {"question_id": "2", "model_a": "y", "model_b": "x", "winner": "model_a"},
    {"question_id": "3", "model_a": "x", "model_b": "y", "winner": "tie"},
]
LINES = "".join(json.dumps(row) + "\n" for row in OBJECTS)
USUAL = {"x": (1, 1, 1), "y": (1, 1, 1)}


class Quirk(NamedTuple):
    """A file and what `arena rate` makes of it."""

    name: str
    content: bytes | str
    expected: dict[str, tuple[int, int, int]] | str = USUAL
    """Won, lost and tied of every model, or what the one line of the refusal says."""
    warning: str = ""
    excluded: dict[str, int] = {}  # noqa: RUF012 - never changed


def parquet(**columns: Sequence[object]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(list(values)) for name, values in columns.items()}), out)
    return out.getvalue()


def rows(*winners: str, a: str = "x", b: str = "y") -> str:
    return HEAD + "".join(f"{n},{a},{b},{winner}\n" for n, winner in enumerate(winners))


def line(**change: object) -> str:
    return LINES + json.dumps(OBJECTS[0] | {"question_id": "4"} | change) + "\n"


NAN = float("nan")
MISSING = r"row 4: model_a: found nothing, allowed: a model's name"
DUMPED = {
    "judge": "arena_user_7",
    "turn": 1,
    "anony": True,
    "language": "English",
    "tstamp": 1.5,
    "conv_metadata": {"sum_user_tokens": 3},
    "dedup_tag": {"high_freq": False},
}
VOTES = [
    json.dumps({"vote_id": str(n), "question_id": n % 3, "model_a": a, "model_b": b, "winner": w, "voter": v}) + "\n"
    for n, (a, b, w, v) in enumerate(
        [
            ("x", "y", "model_b", "me"),
            ("x", "y", "model_a", "me"),
            ("x", "y", "both_bad", "me"),
            ("y", "x", "model_b", "me"),
            ("x", "y", "model_b", "you"),
            ("x", "y", "skip", "you"),
        ]
    )
]
QUIRKS = {
    "plain": Quirk("b.csv", ROWS),
    "semicolons": Quirk("b.csv", ROWS.replace(",", ";")),
    "tabs in a csv": Quirk("b.csv", ROWS.replace(",", "\t")),
    "bars": Quirk("b.csv", ROWS.replace(",", "|")),
    "tsv": Quirk("b.tsv", ROWS.replace(",", "\t")),
    "sep= names the separator": Quirk("b.csv", "sep=;\r\n" + ROWS.replace(",", ";").replace("\n", "\r\n")),
    "sep= in front of commas": Quirk("b.csv", "\ufeffsep=,\n" + ROWS),
    "sep= with a mark of its own": Quirk("b.csv", "sep=#\n" + ROWS.replace(",", "#")),
    "a separator nobody uses": Quirk(
        "b.csv", ROWS.replace(",", ":"), r"b\.csv: no column 'model_a' \(have: question_id:m"
    ),
    "a byte order mark": Quirk("b.csv", ROWS.encode("utf-8-sig")),
    "blank lines above and below": Quirk("b.csv", "\n\n" + ROWS + "\n\n"),
    "blanks around columns": Quirk("b.csv", ROWS.replace(HEAD, "question_id, model_a , model_b, winner\n")),
    "a column's name over two lines": Quirk("b.csv", '"a\nnote",' + HEAD + '"",1,x,y,a\n"n\n",2,y,x,a\nn,3,x,y,tie\n'),
    "old Mac lines": Quirk("b.csv", ROWS.replace("\n", "\r")),
    "gzip": Quirk("b.csv.gz", gzip.compress(ROWS.encode())),
    "gzipped lines": Quirk("b.jsonl.gz", gzip.compress(LINES.encode())),
    "gzip in name only": Quirk("b.csv.gz", ROWS, r"b\.csv\.gz: not gzip, as its name says"),
    "gzip that breaks off": Quirk("b.csv.gz", gzip.compress(ROWS.encode())[:-9], r"b\.csv\.gz: cannot be read: "),
    "gzip of nothing": Quirk("b.csv.gz", gzip.compress(b""), r"b\.csv\.gz: the file is empty"),
    "another packer": Quirk("b.csv.zip", "x", r"unknown kind of file '\.zip' \(allowed: \.parquet, .*each also \.gz\)"),
    "stdin in CSV": Quirk("-", ROWS),
    "stdin in JSON lines": Quirk("-", "\ufeff" + LINES),
    "stdin as an array": Quirk("-", json.dumps(OBJECTS)),
    "stdin in gzip": Quirk("-", gzip.compress(LINES.encode())),
    "stdin in Parquet": Quirk("-", parquet(model_a="xyx", model_b="yxy", outcome=[1.0, 1.0, 0.5])),
    "stdin without anything": Quirk("-", "", r"arena: -: the file is empty"),
    "a cell of 140 kB that nobody uses": Quirk(
        "b.csv", HEAD.strip() + ",text\n" + ROWS.split("\n", 1)[1].replace("\n", f',"{"z" * 140_000}"\n')
    ),
    "a cell of 2.5 MB that nobody uses": Quirk(
        "b.csv", "text," + HEAD + "".join(f'"{"z" * 2_500_000}\nz",{row}\n' for row in ROWS.splitlines()[1:])
    ),
    "a cell of 20 MB that nobody uses": Quirk(
        "b.csv", "text," + HEAD + "".join(f'"{"z" * 20_000_000}",{row}\n' for row in ROWS.splitlines()[1:])
    ),
    "a long line of JSON": Quirk("b.jsonl", line(text="z" * 5_000_000, winner=None), excluded={"no outcome": 1}),
    "a row that is too short": Quirk("b.csv", ROWS + "4,x\n", r"b\.csv: row 4: expected 4 columns, got 2: 4,x"),
    "a row that is too long": Quirk("b.csv", ROWS + "4,x,y,tie,,\n", r"b\.csv: row 4: expected 4 columns, got 6"),
    "names that are words for nothing": Quirk(
        "b.csv",
        HEAD + "NA,null,None,model_a\nnan,None,null,model_a\nnull,nan,NA,tie\n",
        {"null": (1, 1, 0), "None": (1, 1, 0), "nan": (0, 0, 1), "NA": (0, 0, 1)},
    ),
    "the same in JSON lines": Quirk(
        "b.jsonl",
        '{"question_id": "NA", "model_a": "null", "model_b": "None", "winner": "model_a"}\n',
        {"null": (1, 0, 0), "None": (0, 1, 0)},
    ),
    "the same in Parquet": Quirk(
        "b.parquet",
        parquet(question_id=["NA", "2"], model_a=["null", "x"], model_b=["nan", "nan"], winner=["nan", "x"]),
        {"null": (0, 1, 0), "nan": (1, 1, 0), "x": (1, 0, 0)},
    ),
    "an empty cell for a name": Quirk("b.csv", ROWS + "4,,y,tie\n", MISSING),
    "an empty text for a name": Quirk("b.jsonl", line(model_a=""), MISSING),
    "no number for a name": Quirk("b.jsonl", line(model_a=NAN), MISSING),
    "no number for a name in Parquet": Quirk(
        "b.parquet", parquet(model_a=[1.0, 2.0, 1.0, NAN], model_b=[2.0, 1.0, 2.0, 1.0], outcome=[1.0] * 4), MISSING
    ),
    "no number where nobody looks": Quirk(
        "b.jsonl", line(winner=None, note=NAN, other=-float("inf")), excluded={"no outcome": 1}
    ),
    "words for no number": Quirk(
        "b.csv",
        "model_a,model_b,outcome\nx,y,1\ny,x,1.0\nx,y,0.5\nx,y,NA\nx,y,nan\nx,y,None\nx,y,null\n",
        excluded={"no outcome": 4},
    ),
    "words for no number in JSON lines": Quirk(
        "b.jsonl",
        "".join(
            f'{{"model_a": "x", "model_b": "y", "outcome": {outcome}}}\n'
            for outcome in ("1", "0", '"0.5"', '"NA"', "NaN", "null")
        ),
        excluded={"no outcome": 3},
    ),
    "words for no number in Parquet": Quirk(
        "b.parquet",
        parquet(model_a="xyxx", model_b="yxyy", outcome=["1", "1", "0.5", "None"]),
        excluded={"no outcome": 1},
    ),
    "a decimal comma": Quirk("b.csv", "model_a;model_b;outcome\nx;y;0,5\n", r"b\.csv: row 1: outcome: found '0,5'"),
    "an outcome beyond any float": Quirk(
        "b.jsonl", '{"model_a": "x", "model_b": "y", "outcome": 1e400}\n', r":1: not JSON.*a number too large: 1e400"
    ),
    "half a character in a name": Quirk(
        "b.jsonl", '{"model_a": "x\\ud83d", "model_b": "y", "winner": "a"}\n', {"x\\ud83d": (1, 0, 0), "y": (0, 1, 0)}
    ),
    "a line feed for a number": Quirk("b.csv", 'model_a,model_b,outcome\nx,y,"\n"\n', r"outcome: found '\\n', allowed"),
    "a vote about nobody": Quirk(
        "votes.jsonl", '{"vote_id": "1", "voter": "me", "winner": "tie"}\n', "no column 'model_a'"
    ),
    "names with blanks around them": Quirk(
        "b.csv",
        ROWS + "4,x ,y,model_a\n",
        {"x": (1, 1, 1), "x ": (1, 0, 0), "y": (1, 2, 1)},
        warning="model: 'x ' and 'x' differ by blanks alone and are kept apart",
    ),
    "ids with blanks around them": Quirk(
        "b.csv",
        ROWS + " 1,x,y,tie\n",
        {"x": (1, 1, 2), "y": (1, 1, 2)},
        warning="question_id: ' 1' and '1' differ by blanks alone",
    ),
    "winners by name": Quirk("b.csv", rows("x", "y", "tie")),
    "winners by name and word": Quirk("b.csv", rows("x", "A", "y", "both_bad"), {"x": (2, 1, 1), "y": (1, 2, 1)}),
    "words in any case": Quirk("b.csv", rows("MODEL_A", "Model_B", "TIE (bothbad)")),
    "a skip is counted": Quirk(
        "b.csv",
        rows("a", "b", "Tie", "Skip", "", "None"),
        excluded={"skipped by the voter": 1, "no outcome": 2},
    ),
    "a winner who did not play": Quirk("b.csv", rows("x", "z"), r"row 2: winner: found 'z', allowed: model_a, a,"),
    "a model called B, alone": Quirk("b.csv", rows("B", a="B", b="A"), r"row 1: winner: found 'B', which names"),
    "a model called B among names": Quirk(
        "b.csv", HEAD + "1,B,A,B\n2,B,y,y\n", {"B": (1, 1, 0), "A": (0, 1, 0), "y": (1, 0, 0)}
    ),
    "a model called B among words": Quirk(
        "b.csv", HEAD + "1,B,A,B\n2,B,y,model_b\n", {"B": (0, 2, 0), "A": (1, 0, 0), "y": (1, 0, 0)}
    ),
    "a model called tie that wins": Quirk(
        "b.csv", HEAD + "1,tie,y,tie\n2,x,y,x\n3,x,y,tie\n", r"row 1: winner: found 'tie', which names model_a and"
    ),
    "SoftElo's own columns": Quirk(
        "b.csv",
        "row_id,model_a,model_b,human_pref,judge_pref,meta_lang\n"
        "1,x,y,0,0.2,en\n1,x,y,1,0.9,en\n2,x,y,0.5,,fr\n3,x,y,,,\n",
        excluded={"no outcome": 1},
    ),
    "a dump of LMArena": Quirk("b.json", json.dumps([row | DUMPED for row in OBJECTS])),
    "our own votes": Quirk(
        "votes.jsonl",
        "".join(VOTES),
        {"x": (2, 1, 1), "y": (1, 2, 1)},
        excluded={"skipped by the voter": 1, "replaced by a later vote": 1},
    ),
}


def rated(tmp_path: Path, quirk: Quirk, monkeypatch: pytest.MonkeyPatch, *options: str) -> Done:
    content = quirk.content.encode() if isinstance(quirk.content, str) else quirk.content
    if quirk.name == "-":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        return arena("rate", "-", *options)
    (tmp_path / quirk.name).write_bytes(content)
    return arena("rate", tmp_path / quirk.name, *options)


@pytest.mark.parametrize("case", QUIRKS)
def test_a_file_of_battles_is_read_or_refused_in_one_line(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quirk = QUIRKS[case]
    done = rated(tmp_path, quirk, monkeypatch, "--json")
    if isinstance(quirk.expected, str):
        assert done.returncode == 2, done
        assert done.stderr.count("\n") == 1, done.stderr
        assert len(done.stderr) < 700
        assert re.search(quirk.expected, done.stderr), done.stderr
        return
    assert done.returncode == 0, done.stderr
    board = json.loads(done.stdout)
    assert {row["model"]: (row["wins"], row["losses"], row["ties"]) for row in board["models"]} == quirk.expected
    assert board["excluded"] == quirk.excluded
    assert quirk.warning in " ".join(board["warnings"])
    assert bool(quirk.warning) == any("blanks" in text for text in board["warnings"])


@pytest.mark.parametrize("name", ["v.csv", "v.tsv", "v.csv.gz", "v.jsonl", "v.json", "v.parquet", "-"])
def test_votes_are_read_from_the_files_that_battles_are(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    votes = [row | {"judge_pref": 0.25, "voter": f"v{n}"} for n, row in enumerate(OBJECTS)]
    votes.append(votes[0] | {"model_a": "x ", "winner": "x ", "voter": "you"})
    heads = list(votes[0])
    mark = "\t" if name == "v.tsv" else ";"
    table = "\n".join(mark.join(str(cell) for cell in row) for row in [heads, *(list(vote.values()) for vote in votes)])
    lines = "".join(json.dumps(vote) + "\n" for vote in votes)
    content: bytes | str = {
        "v.jsonl": lines, "-": lines, "v.json": json.dumps(votes), "v.csv.gz": gzip.compress(table.encode()),
        "v.parquet": parquet(**{head: [vote[head] for vote in votes] for head in heads}),
    }.get(name, table)  # fmt: skip
    content = content.encode() if isinstance(content, str) else content
    if name == "-":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    else:
        (tmp_path / name).write_bytes(content)
    done = arena("agree", "--votes", name, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "! model: 'x ' and 'x' differ by blanks alone and are kept apart\n"
    found = json.loads(done.stdout)
    assert (found["n_votes"], found["n_voters"]) == (4, 4)


def test_a_board_warns_of_names_that_differ_by_blanks_alone(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    questions = read_jsonl(tmp_path / "questions.jsonl")
    questions[3]["category"] = "math "
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions))
    assert arena("run", "-c", config).returncode == 0
    board = json.loads((tmp_path / "out/reports/leaderboard.json").read_text())
    assert "category: 'math ' and 'math' differ by blanks alone and are kept apart" in board["warnings"]
