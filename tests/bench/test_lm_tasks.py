"""lm-eval's tasks through our backends: every planted score comes out, in every layout and way of asking."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from kit.commands import arena
from kit.downloads import write_downloads, write_lines, write_text
from kit.examinees import exam_board, knows
from kit.servers import Action, Call, FakeServer, Say

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("default")]
N = 12


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_downloads(tmp_path_factory.mktemp("downloads"), N)


def scores(folder: Path) -> dict[str, dict[str, dict[str, object]]]:
    found = json.loads((folder / "out/reports/benchmarks.json").read_text())
    return found["models"]


def number(call: Call) -> int:
    return [int(found) for found in re.findall(r"\d+", call.prompt.split("\n\nA")[0])][-1]


def math_answer(call: Call) -> str:
    n = int(re.search(r"find \$(\d+)\^2", call.prompt).group(1))
    return f"We square it: $\\boxed{{{n * n}}}$." if n % 2 else "I would rather not."


def gsm_answer(call: Call) -> str:
    n = int(re.search(r"What is (\d+) \+", call.prompt).group(1))
    return f"It is easy: {n} + {n} makes {2 * n if n % 4 else 7777}."


def bbh_answer(call: Call) -> str:
    value = "not True" not in call.prompt
    return f"We negate.\n\nSo the answer is {value}."


def trivia_answer(call: Call) -> str:
    n = int(re.search(r"number (\d+)", call.prompt).group(1))
    return f"mr {n}." if n % 3 else "Somebody else"


ANSWERS = {
    "gsm8k": (gsm_answer, 9 / 12), "competition_math": (math_answer, 1 / 2), "bbh": (bbh_answer, 1.0),
    "trivia_qa": (trivia_answer, 8 / 12),
}  # fmt: skip


@pytest.mark.parametrize("task", ANSWERS)
def test_free_answers_get_what_was_planted(tmp_path: Path, downloads: Path, task: str) -> None:
    answer, share = ANSWERS[task]

    def script(call: Call) -> Action:
        return Say(answer(call) if call.body["model"] == "planted" else "")

    with FakeServer(script) as server:
        config = exam_board(tmp_path, server, ["planted", "mute"], [task], downloads, sandbox="none")
        done = arena("bench", "-c", config)
        assert done.returncode == 0, done.stderr
        asked = len(server.calls)
        assert arena("bench", "-c", config).returncode == 0
        assert len(server.calls) == asked
    found = scores(tmp_path)
    assert found["planted"][task]["score"] == pytest.approx(share), found["planted"][task]
    assert found["mute"][task]["score"] == 0.0
    assert found["mute"][task]["n_unreadable"] == found["mute"][task]["n"]


OWN = """
task: capitals
dataset_path: json
dataset_kwargs: {data_files: {test: capitals.jsonl, train: shown.jsonl}}
test_split: test
training_split: train
output_type: generate_until
doc_to_text: "Capital of {{country}}?"
doc_to_target: "{{capital}}"
generation_kwargs: {until: ["\\n"]}
num_fewshot: 1
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true, ignore_case: true}]
metadata: {version: 7}
"""


def own_task(folder: Path, text: str = OWN) -> Path:
    cities = {"Peru": "Lima", "Kenya": "Nairobi", "Nepal": "Kathmandu", "Chile": "Santiago"}
    write_lines(folder / "capitals.jsonl", [{"country": a, "capital": b} for a, b in cities.items()])
    write_lines(folder / "shown.jsonl", [{"country": "Cuba", "capital": "Havana"}])
    write_text(folder / "capitals.yaml", text)
    return folder / "capitals.yaml"


def test_a_task_file_of_ones_own_is_asked_and_scored(tmp_path: Path) -> None:
    path = own_task(tmp_path / "own")

    def script(call: Call) -> Action:
        assert [message["role"] for message in call.body["messages"]] == ["user", "assistant", "user"]
        return Say("LIMA" if "Peru" in call.prompt else "Nairobi" if "Kenya" in call.prompt else "no idea")

    with FakeServer(script) as server:
        config = exam_board(tmp_path, server, ["m"], {"capitals": {"path": str(path)}}, tmp_path)
        done = arena("bench", "-c", config)
        assert done.returncode == 0, done.stderr
    found = scores(tmp_path)["m"]["capitals"]
    assert (found["score"], found["n"], found["shots"], found["version"]) == (0.5, 4, 1, "7")


@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        (OWN.replace("training_split: train\n", ""), {}, "names no fewshot_split or training_split"),
        (OWN.replace("capitals.jsonl", "gone.jsonl"), {}, "its data cannot be read"),
        (OWN.replace("dataset_path: json", "dataset_path: some/body"), {}, "nothing is fetched without `hub"),
        (OWN.replace("generate_until", "loglikelihood_rolling"), {}, "is no benchmark's"),
        ("task: [a, b]\n", {}, "groups are not taken"),
    ],
)
def test_what_is_wrong_with_a_task_file_is_said_in_one_line(
    tmp_path: Path, text: str, settings: dict[str, object], said: str
) -> None:
    path = own_task(tmp_path / "own", text)
    with FakeServer(lambda call: Say("no")) as server:
        config = exam_board(tmp_path, server, ["m"], {"capitals": {"path": str(path), **settings}}, tmp_path)
        done = arena("bench", "-c", config)
        assert done.returncode == 2, done.stderr
        assert said in done.stderr and len(done.stderr.strip().splitlines()) == 1
        assert server.calls == []


def test_a_mirror_of_the_hubs_data_set_is_read_in_its_place(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path / "data/gsm8k"
    for split, size in (("train", 8), ("test", 4)):
        rows = [
            {"question": f"{split}: What is {n} + {n}?", "answer": f"It is.\n#### {2 * n}"}
            for n in range(10, 10 + size)
        ]
        (folder / "main").mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / f"main/{split}-00000-of-00001.parquet")
    files = "".join(
        f"  - split: {split}\n    path: main/{split}-00000-of-00001.parquet\n" for split in ("train", "test")
    )
    write_text(folder / "README.md", f"---\nconfigs:\n- config_name: main\n  data_files:\n{files}---\n")
    with FakeServer(lambda call: Say(gsm_answer(call))) as server:
        config = exam_board(tmp_path, server, ["m"], {"gsm8k": {}}, tmp_path / "data")
        done = arena("bench", "-c", config)
        assert done.returncode == 0, done.stderr
    found = scores(tmp_path)["m"]["gsm8k"]
    assert (found["n"], found["shots"], found["score"]) == (4, 5, 0.75)


CHOICE = """
task: birds
dataset_path: json
dataset_kwargs: {data_files: {test: birds.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "Which of them is number {{n}}?\\nAnswer:"
doc_to_choice: "{{options}}"
doc_to_target: "{{right}}"
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""


def test_a_task_file_of_multiple_choice_is_asked_by_letters_at_an_endpoint(tmp_path: Path) -> None:
    path = tmp_path / "own/birds.yaml"
    write_text(path, CHOICE)
    write_lines(
        path.with_name("birds.jsonl"),
        [{"n": n, "options": [f"right {n}", f"wrong a {n}", f"wrong b {n}"], "right": 0} for n in range(8)],
    )
    with FakeServer(knows(3)) as server:
        config = exam_board(tmp_path, server, ["m"], {"birds": {"path": str(path)}}, tmp_path)
        done = arena("bench", "-c", config)
        assert done.returncode == 0, done.stderr
        assert server.calls[0].prompt.startswith("Which of them is number") and "Answer:" not in server.calls[0].prompt
    found = scores(tmp_path)["m"]["birds"]
    assert (found["score"], found["mode"]) == (0.75, "letter")
