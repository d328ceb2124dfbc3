"""Values that no file of ours and no path can hold: each is told in one line that names its place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from kit.boards import arithmetic_board
from kit.commands import Done, arena


def refused(done: Done, message: str) -> None:
    assert done.returncode == 2 and done.stdout == "", done
    assert done.stderr.count("\n") == 1 and re.fullmatch(message, done.stderr.strip()), done.stderr


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (r"a\0b", r"arena: .*config\.yaml: \w+: 'a\\x00b' is no path: it holds a NUL"),
        (r"a\ud800b", r"arena: .*config\.yaml: \w+: 'a\\ud800b' is no path: .*"),
        ("~nobody-here/a", r"arena: .*config\.yaml: \w+: '~nobody-here/a' is no path: .*"),
        (r"a\nb", r"arena: .*/a\\nb: (cannot be read: No such file or directory|no such file)"),
        ("x" * 300, r"arena: .*/x{300}: .*File name too long"),
        ("x" * 30_000, r"arena: .*x \.\.\. x.{900,1100}: .*File name too long"),
    ],
)
@pytest.mark.parametrize("field", ["question_file", "reviews_gen", "answers_gen"])
def test_a_path_that_can_be_none_is_told(tmp_path: Path, path: str, message: str, field: str) -> None:
    config = arithmetic_board(tmp_path)
    raw = yaml.safe_load(config.read_text())
    if field == "question_file":
        raw[field] = "PATH"
    elif field == "answers_gen":
        next(iter(raw[field].values()))["file"] = "PATH"
    else:
        raw[field]["reference_file"] = "PATH"
    config.write_text(yaml.safe_dump(raw).replace("PATH", f'"{path}"'))
    refused(arena("check", "-c", config), message)


@pytest.mark.parametrize("place", ["reviews/judge", "answers/right"])
@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_stored_line_with_a_value_of_another_kind_is_named(tmp_path: Path, place: str, command: str) -> None:
    config = arithmetic_board(tmp_path)
    assert arena("run", "-c", config).returncode == 0
    file = next(tmp_path.glob(f"out/{place.split('/')[0]}/*.jsonl"))
    whole = file.read_text().splitlines()
    line = json.loads(whole[1])
    fields = ["text", "nonce", "sample", "cost_usd"] if "reviews" in place else ["sample", "model", "cost_usd"]
    for field in fields:
        file.write_text("\n".join([whole[0], json.dumps(line | {field: [True]}), *whole[2:], ""]))
        refused(
            arena(command, "-c", config), rf"arena: .*{file.name}:2: not an? .*: {field}: expected .*, found \[True\]"
        )
    file.write_text("\n".join([*whole, ""]))
    assert arena("run", "-c", config).returncode == 0


def test_a_name_that_json_escaped_in_halves_is_one_name(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    raw = yaml.safe_load(config.read_text())
    raw["answers_gen"]["NAME"] = raw["answers_gen"]["right"]
    config.write_text(yaml.safe_dump(raw).replace("NAME", '"\\ud83d\\ude42"'))
    for _ in range(2):
        assert arena("run", "-c", config).returncode == 0
    assert "\N{SLIGHTLY SMILING FACE}" in (tmp_path / "out/reports/leaderboard.json").read_text(encoding="utf-8")
