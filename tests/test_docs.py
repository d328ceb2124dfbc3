"""What README and docs show is what the program does: tables, configs, commands, links."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
import yaml
from kit.commands import arena
from kit.judges import by_model, read_prompt
from kit.paths import ROOT, SAMPLE
from kit.servers import Action, Call, FakeServer, Say

from arena.cli import COMMANDS, group
from arena.config.kinds import KINDS
from arena.config.loading import load_config
from arena.formats import FORMATS
from arena.importers import IMPORTERS
from arena.ratings.methods import METHODS

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data/README.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.S | re.M)


def table(text: str) -> str:
    """From a board's title to its last line, without trailing spaces."""
    lines = [line.rstrip() for line in text.splitlines()]
    start = next(number for number, line in enumerate(lines) if line.startswith("pairwise"))
    return "\n".join(lines[start:]).strip()


def test_the_demo_prints_the_table_of_the_readme(tmp_path: Path) -> None:
    done = arena("run", "-c", "cfg_demo.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = next(block for block in blocks(ROOT / "README.md", "text") if block.startswith("pairwise"))
    assert table(done.stdout) == table(shown)


def test_the_fine_tune_board_of_the_local_models_page(tmp_path: Path) -> None:
    page = ROOT / "docs" / "local-models.md"
    config = yaml.safe_load(next(block for block in blocks(page, "yaml") if "fine-tuned:" in block))
    names = {name: f"tiny-100{'-lora' if 'adapter' in entry else ''}" for name, entry in config["answers_gen"].items()}
    config["question_file"] = str(SAMPLE / "questions.jsonl")
    config["answers_gen"] = {
        name: {"backend": "recorded", "file": str(SAMPLE / "answers" / f"{recording}.jsonl")}
        for name, recording in names.items()
    }
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    done = arena("run", "-c", "c.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = next(block for block in blocks(page, "text") if block.startswith("pairwise"))
    assert table(done.stdout) == table(shown)


def longer_wins(call: Call) -> Action:
    shown = read_prompt(call)
    first, second = map(len, shown.answers)
    return Say(f"[[{shown.nonce} {'C' if first == second else 'A' if first > second else 'B'}]]")


def test_the_readmes_own_board_runs_against_a_local_server(tmp_path: Path) -> None:
    text = next(block for block in blocks(ROOT / "README.md", "yaml") if "base_url" in block)
    models = re.findall(r"model: ([\w./-]+)", text)
    assert len(models) == 3
    base, tuned, judge = models
    script = by_model({base: lambda _: Say("short"), tuned: lambda _: Say("rather longer"), judge: longer_wins})
    (tmp_path / "questions.jsonl").write_text(
        "".join(f'{{"question_id": {n}, "text": "What is {n} + {n}?"}}\n' for n in range(4)), encoding="utf-8"
    )
    with FakeServer(script) as server:
        (tmp_path / "config.yaml").write_text(re.sub(r"http://localhost:\d+/v1", server.openai_url, text))
        for command in (["check"], ["run", "--dry-run"], ["try"], ["run"], ["report"]):
            done = arena(command[0], "-c", "config.yaml", *command[1:], cwd=tmp_path)
            assert done.returncode == 0, (command, done.stderr)
        assert sum(server.counts.values()) == 4 + 4 + 8
    board = (tmp_path / "runs" / "board" / "reports" / "leaderboard.md").read_text(encoding="utf-8")
    assert re.search(r"\| fine-tune \|.*4/0/0", board), board


def whole_configs() -> Iterator[tuple[str, str]]:
    for page in (page for page in PAGES if page.parent.name != "extending"):  # those use what their page adds
        for number, block in enumerate(blocks(page, "yaml")):
            if "answers_gen:" in block and "reviews_gen:" in block:
                yield f"{page.name}-{number}", block


@pytest.mark.parametrize("text", [block for _, block in whole_configs()], ids=[name for name, _ in whole_configs()])
def test_a_whole_config_in_the_docs_is_valid(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    loaded = load_config(str(tmp_path / "c.yaml")).config
    assert loaded.reviews_gen.baseline in loaded.answers_gen


def commands() -> Iterator[tuple[str, str]]:
    """Every `arena …` in a block or in a line of text of its own."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"^```bash\n(.*?)^```$|^ {4}(arena .*)$", text, re.S | re.M):
            for line in "\n".join(block).splitlines():
                if re.match(r"\s*(\.venv/bin/)?arena ", line):
                    yield page.name, line.split("arena ", 1)[1]
        yield from ((page.name, found) for found in re.findall(r"`arena ([a-z][^`]*)`", text))


@pytest.mark.parametrize(("page", "line"), sorted(set(commands())))
def test_a_command_in_the_docs_exists_with_its_options(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    command = group.get_command(click.Context(group), words[0])
    assert command is not None, f"{page}: arena {words[0]}"
    known = {"--help", *(option for param in command.params for option in (*param.opts, *param.secondary_opts))}
    given = {word.split("=")[0] for word in words[1:] if re.match(r"--?[a-z]", word)}
    assert given <= known, f"{page}: arena {line}"


def anchors(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.is_relative_to(ROOT) and file.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{page.name}: {target}"


@pytest.mark.parametrize(
    ("rows", "page"),
    [(FORMATS, "prompts"), (IMPORTERS, "boards"), (METHODS, "ratings"), (KINDS, "config"), (COMMANDS, "cli")],
    ids=["formats", "importers", "methods", "kinds", "commands"],
)
def test_every_row_of_a_table_stands_in_its_page(rows: Mapping[str, object], page: str) -> None:
    words = set(re.findall(r"[\w-]+", (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")))
    assert sorted(set(rows) - words) == []


def test_every_config_key_stands_in_the_config_page() -> None:
    from arena.config.schema import Config

    page = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    named = set(re.findall(r"[a-z][a-z0-9_]*", page))

    def keys(schema: Mapping[str, object]) -> Iterator[str]:
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from properties

    schema = Config.model_json_schema()
    missing = {key for part in (schema, *schema["$defs"].values()) for key in keys(part)} - named
    assert not missing


def objects(folder: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Everything a board writes whose fields are a contract, each with where it stands."""
    for path in sorted(
        [*folder.glob("answers/*.jsonl"), *folder.glob("reviews/*.jsonl"), *folder.glob("reports/*.jsonl")]
    ):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield path.name, row
            for inner in ("usage", "request"):
                yield f"{path.name}: {inner}", row.get(inner) or {}
            for verdict in row.get("verdicts", []):
                yield f"{path.name}: verdicts", verdict
    board = json.loads((folder / "reports" / "leaderboard.json").read_text(encoding="utf-8"))
    yield "leaderboard.json", board
    yield "diagnostics", board["diagnostics"]
    for name in ("models", "judges_detail", "pairs"):
        for entry in board[name] or ():
            yield name, entry
            yield f"{name}: performance", entry.get("performance") or {}
            for part in (entry.get("categories") or {}).values():
                yield f"{name}: categories", part
    yield "run.json", json.loads((folder / "run.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("config", ["cfg_demo.yaml", "cfg_arena.yaml", "cfg_single.yaml"])
def test_every_field_of_a_board_stands_in_the_files_page(tmp_path: Path, config: str) -> None:
    rehearsed = config != "cfg_demo.yaml"
    done = arena("run", "-c", config, "--limit", "9", *(["--dry-run"] if rehearsed else []), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = next((tmp_path / "runs").iterdir()) / ("dry-run" if rehearsed else "")
    named = set(re.findall(r"\w+", (ROOT / "docs" / "files.md").read_text(encoding="utf-8")))
    missing = {(where, key) for where, found in objects(folder) for key in found if key not in named}
    assert not missing
