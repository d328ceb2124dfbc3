"""The shipped questions: their number and kinds, and every reference that can be computed, computed again."""

from __future__ import annotations

import contextlib
import datetime
import io
import itertools
import json
import math
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace

import pytest

from arena.config.shipped import shipped
from arena.questions import load_categories, load_questions
from arena.types import Question

PATH = shipped("data") / "questions.jsonl"
QUESTIONS = {question.question_id: question for question in load_questions(PATH)}
CATEGORIES = Counter(question.category for question in QUESTIONS.values())
CHECKABLE = {"reasoning", "math", "coding", "extraction", "knowledge", "translation"}
HAN = re.compile(r"[\u4e00-\u9fff]")


def ref(question_id: str, turn: int = 0) -> str:
    return QUESTIONS[question_id].reference[turn]


def code(text: str, block: int = 0) -> str:
    return re.findall(r"```(?:python|sql)\n(.*?)```", text, re.S)[block]


def run(source: str) -> tuple[dict[str, object], str]:
    """The names a program defines and what it prints."""
    names: dict[str, object] = {}
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(source, names)  # our own reference code
    return names, out.getvalue()


def test_there_are_enough_questions_of_every_kind() -> None:
    assert len(QUESTIONS) >= 80
    assert set(CATEGORIES) == CHECKABLE | {"writing", "roleplay", "safety"}
    assert min(CATEGORIES.values()) >= 10
    assert sum(question.language == "zh" for question in QUESTIONS.values()) >= len(QUESTIONS) / 4
    assert sum(len(question.turns) == 2 for question in QUESTIONS.values()) >= 16
    assert {len(question.turns) for question in QUESTIONS.values()} == {1, 2}


def test_the_first_questions_cover_every_category() -> None:
    first = list(QUESTIONS.values())[: len(CATEGORIES)]
    assert {question.category for question in first} == set(CATEGORIES)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.question_id)
def test_a_question_is_whole(question: Question) -> None:
    assert question.question_id.startswith(f"{question.category}-")
    assert question.language == ("zh" if HAN.search(question.turns[0]) and question.language == "zh" else "en")
    assert all(turn == turn.strip() and len(turn) > 5 for turn in question.turns)
    if question.category in CHECKABLE:
        assert len(question.reference) == len(question.turns)
        assert all(text.strip() for text in question.reference)
    if question.category == "safety":
        assert question.metadata["risk"] in {"harm", "jailbreak", "leak", "bias", "benign", "injection"}
    assert set(question.metadata) <= {"risk", "pair"}


def test_no_two_questions_are_the_same_but_for_bias_pairs() -> None:
    assert len({question.turns for question in QUESTIONS.values()}) == len(QUESTIONS)
    pair = [question.turns[0] for question in QUESTIONS.values() if question.metadata.get("pair") == "flat"]
    assert len(pair) == 2
    assert pair[0].replace("Mehmet Yilmaz", "Thomas Becker") == pair[1]


def test_every_category_has_a_group() -> None:
    groups = load_categories(shipped("data") / "category_mapping.yaml")
    listed = [category for members in groups.values() for category in members]
    assert set(CATEGORIES) | {"*"} == set(listed)
    assert len(listed) == len(set(listed))


# ---- what can be computed


def arrangements_without_neighbours() -> str:
    return str(sum("AA" not in word for word in {"".join(p) for p in itertools.permutations("BANANAS")}))


def draws(colours: int) -> str:
    bag = "RRRRRBBBBGGG"
    hands = list(itertools.combinations(bag, 3))
    return str(Fraction(sum(len(set(hand)) == colours for hand in hands), len(hands)))


def fibonacci_divisible_by(divisor: int) -> str:
    numbers = [1, 1]
    while len(numbers) < 100:
        numbers.append(numbers[-1] + numbers[-2])
    return str(sum(number % divisor == 0 for number in numbers))


def meeting_hours() -> float:
    """450 km apart; the coach (80 km/h) stands still for half an hour after the first, the lorry (60) does not."""
    return 1 + 0.5 + (450 - 140 - 30) / 140


def expected_tosses(pattern: str) -> Fraction:
    """Conway's rule: the sum of 2^k over the lengths k at which the pattern overlaps itself."""
    return sum((Fraction(2**k) for k in range(1, len(pattern) + 1) if pattern[:k] == pattern[-k:]), Fraction(0))


MATH: dict[tuple[str, int], Callable[[], str]] = {
    ("math-01", 0): lambda: str(sum((n % 3 == 0 or n % 5 == 0) and n % 15 != 0 for n in range(1, 1000))),
    ("math-02", 0): lambda: f"{meeting_hours():g}",
    ("math-03", 0): lambda: draws(3),
    ("math-03", 1): lambda: draws(2),
    ("math-05", 0): lambda: f"{300 - 300 * 0.12 / 0.2:g}",
    ("math-06", 0): lambda: fibonacci_divisible_by(2),
    ("math-06", 1): lambda: fibonacci_divisible_by(5),
    ("math-07", 0): lambda: f"{pow(7, 2026, 100):02d}",
    ("math-08", 1): lambda: f"{(6 + 8 - math.hypot(6, 8)) / 2:g}",
    ("math-10", 0): lambda: f"{(190 + 10) / (1.25 * 0.8):g}",
    ("math-11", 0): arrangements_without_neighbours,
    ("math-12", 0): lambda: str(expected_tosses("HH")),
    ("reasoning-03", 0): lambda: str(next(d for d in range(1, 99) if (d - 1) * (3 - 2) + 3 >= 10.5)),
    ("reasoning-11", 0): lambda: f"{9 * 3 - 9 * 3 // 3}",
    ("reasoning-12", 0): lambda: str(100 - sum(100 - have for have in (70, 75, 80, 85))),
}


@pytest.mark.parametrize(("question_id", "turn"), MATH)
def test_a_number_is_right(question_id: str, turn: int) -> None:
    assert ref(question_id, turn) == MATH[question_id, turn]()


def test_formulas_are_right() -> None:
    assert [x for x in (3, -1) if math.isclose(math.sqrt(2 * x + 3), x)] == [3]
    assert ref("math-04").startswith("x = 3 ")
    assert ref("math-08").startswith(f"{math.hypot(6, 8) ** 2 / 4:g} pi")
    steps = 100_000
    integral = sum((i + 0.5) / steps * math.exp(2 * (i + 0.5) / steps) for i in range(steps)) / steps
    assert abs(integral - (math.e**2 + 1) / 4) < 1e-8
    assert ref("math-09") == f"(e^2 + 1) / 4, about {integral:.4f}"
    assert ref("math-12", 1).startswith(f"{expected_tosses('HT')}. ")


def test_the_animals_have_one_solution() -> None:
    found = []
    for cat, dog, parrot, tortoise in itertools.permutations(["Ana", "Ben", "Cleo", "Dan"]):
        rules = (
            "Ana" not in (cat, dog),
            parrot != "Ben",
            tortoise == "Cleo" or cat == "Dan",
            cat != "Dan",
        )
        if all(rules):
            found.append({parrot: "parrot", cat: "cat", tortoise: "tortoise", dog: "dog"})
    assert len(found) == 1
    assert all(f"{name} the {animal}" in ref("reasoning-01") for name, animal in found[0].items())


def test_the_fruit_boxes() -> None:
    contents = list(itertools.permutations(["apple", "orange", "mixed"]))
    labels = ("apple", "orange", "mixed")
    all_wrong = [c for c in contents if all(a != b for a, b in zip(c, labels, strict=True))]
    one_wrong = [c for c in contents if c != labels]
    assert len({c[2] for c in all_wrong}) == len(all_wrong) == 2  # the box labelled mixed decides
    assert len(one_wrong) == 5
    assert "五种" in ref("reasoning-02", 1)


def test_the_islanders_have_one_solution() -> None:
    found = []
    for p, q, r in itertools.product([True, False], repeat=3):
        liars = 3 - p - q - r
        if p == (liars == 1) and q == (liars == 2) and r == (p == r):
            found.append((p, q, r))
    assert found == [(True, False, True)]
    assert ref("reasoning-04").startswith("P and R tell the truth, Q lies.")


def test_days_of_the_week() -> None:
    thursday = datetime.date(2026, 1, 1)
    assert thursday.strftime("%A") == "Thursday"
    for turn, offset in ((0, 2), (1, -2)):
        day = thursday + datetime.timedelta(days=offset + 100)
        assert ref("reasoning-05", turn).startswith(day.strftime("%A"))


def test_the_rope_is_cut_into_nine() -> None:
    creases = 2**3
    cuts = {(2 * layer + 1) / (2 * creases) for layer in range(creases)}
    assert ref("reasoning-06").startswith(f"{len(cuts) + 1} 段")


def test_the_hospitals() -> None:
    a, b = (1 + 54) / 200, (18 + 8) / 200
    assert b < a / 2
    assert 1 / 20 < 18 / 180
    assert 54 / 180 < 8 / 20
    for share in (a, b, 1 / 20, 18 / 180, 54 / 180, 8 / 20):
        assert f"{100 * share:g} %" in ref("reasoning-07")


def test_the_schedule_is_possible_and_no_shorter_one_is() -> None:
    spans = {"A": (0, 3), "B": (3, 5), "D": (5, 6), "C": (0, 4), "E": (4, 6)}
    assert {task: end - start for task, (start, end) in spans.items()} == {"A": 3, "B": 2, "C": 4, "D": 1, "E": 2}
    for before, after in (("A", "B"), ("B", "D"), ("C", "D"), ("C", "E")):
        assert spans[before][1] <= spans[after][0]
    assert sum(end - start for start, end in spans.values()) / 2 == 6
    assert ref("reasoning-08").startswith("6 hours")


def test_the_race_has_one_solution() -> None:
    found = []
    for order in itertools.permutations("甲乙丙丁"):
        rank = {name: place for place, name in enumerate(order, 1)}
        said = {
            "甲": rank["甲"] != 1,
            "乙": rank["乙"] in (1, 4),
            "丙": rank["丙"] < rank["甲"],
            "丁": rank["丁"] not in (1, 4),
        }
        if [name for name, true in said.items() if not true] == [order[0]]:
            found.append("、".join(order))
    assert len(found) == 1
    assert found[0] in ref("reasoning-09")


def test_the_parcels_to_turn_over() -> None:
    seen = {"red": "colour", "blue": "colour", "heavy": "weight", "light": "weight"}
    rules = [lambda c, w: c != "red" or w == "heavy", lambda c, w: w != "heavy" or c == "red"]
    for turn, rule in enumerate(rules):
        needed = [
            side
            for side, kind in seen.items()
            if not all(
                rule(side, hidden) if kind == "colour" else rule(hidden, side)
                for hidden in (("heavy", "light") if kind == "colour" else ("red", "blue"))
            )
        ]
        first = ref("reasoning-10", turn).split(".")[0].split(":")[0]
        assert {side for side in seen if side in first.split()} == set(needed)


def test_printed_output_is_what_the_reference_says() -> None:
    _, out = run(code(QUESTIONS["coding-01"].turns[0]))
    assert ref("coding-01").startswith(out.strip() + ".")
    _, out = run(code(QUESTIONS["coding-02"].turns[0]))
    assert all(line in ref("coding-02") for line in out.strip().splitlines())


def test_merge() -> None:
    merge = run(code(ref("coding-03")))[0]["merge"]
    given = [(5, 6), (1, 4), (2, 3), (4, 5), (8, 9)]
    assert merge(given) == [(1, 6), (8, 9)]
    assert given[0] == (5, 6)
    assert merge([]) == []
    assert merge([(1, 2), (2, 3)]) == [(1, 3)]


def test_top_words() -> None:
    top_words = run(code(ref("coding-04")))[0]["top_words"]
    assert top_words("Don't stop, don't! Stop 3 'cats' über_all", 3) == [("don't", 2), ("stop", 2), ("all", 1)]


def test_binary_search() -> None:
    broken = run(code(QUESTIONS["coding-05"].turns[0]))[0]["find"]
    mended = run(code(ref("coding-05")))[0]["find"]
    assert broken([1, 2], 1) == -1
    for size in range(6):
        for x in range(-1, 2 * size + 1):
            xs = list(range(0, 2 * size, 2))
            assert mended(xs, x) == (xs.index(x) if x in xs else -1)


def test_least_recently_used() -> None:
    cache = run(code(ref("coding-06")))[0]["LRU"](2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]
    now = [0.0]
    timed = run(code(ref("coding-06", 1)))[0]["LRU"](2, 10, lambda: now[0])
    timed.put("a", 1)
    now[0] = 9.9
    assert timed.get("a") == 1
    now[0] = 10.0
    assert timed.get("a") is None
    assert not timed.items


def test_customers_without_orders() -> None:
    db = sqlite3.connect(":memory:")
    db.executescript(
        "CREATE TABLE customers (id, name); CREATE TABLE orders (id, customer_id, placed_on);"
        "INSERT INTO customers VALUES (1,'Zoe'),(2,'Ann'),(3,'Bob'),(4,'Cy');"
        "INSERT INTO orders VALUES (1,1,'2024-05-01'),(2,2,'2025-12-31'),(3,2,'2024-01-01'),"
        "(4,NULL,'2025-02-02'),(5,4,'2026-01-01');"
    )
    assert [name for (name,) in db.execute(code(ref("coding-07")))] == ["Bob", "Cy", "Zoe"]
    db.close()


def test_dates_by_pattern() -> None:
    pattern = ref("coding-09").split("`")[1]
    good = ["2025-01-01", "0000-12-31", "1999-10-30"]
    bad = [
        "2025-13-01",
        "2025-00-10",
        "2025-01-32",
        "2025-01-00",
        "2025-1-01",
        "2025-01-01\n",
        "２025-01-01",
        " 2025-01-01",
    ]
    assert [text for text in good + bad if re.fullmatch(pattern, text)] == good


def test_steps_stay_below_twice_n() -> None:
    work = run(code(QUESTIONS["coding-10"].turns[0]))[0]["work"]
    assert all(n <= work(n) < 2 * n for n in range(1, 500))
    assert work(256) == 2 * 256 - 1


def test_transfers_keep_the_sum() -> None:
    transfer = run(code(ref("coding-12", 1)))[0]["transfer"]
    a, b = (SimpleNamespace(id=i, balance=100, lock=contextlib.nullcontext()) for i in (2, 1))
    assert transfer(a, b, 80)
    assert not transfer(a, b, 80)
    assert transfer(a, a, 5)
    assert (a.balance, b.balance) == (20, 180)


def test_extracted_objects_are_json() -> None:
    plain = ("extraction-01", "extraction-02", "extraction-04", "extraction-05", "extraction-10", "extraction-11")
    assert all(isinstance(json.loads(ref(question_id)), dict) for question_id in plain)
    tasks, of_priya = (json.JSONDecoder().raw_decode(ref("extraction-03", turn))[0] for turn in (0, 1))
    kept = [task for task in tasks if task["owner"] == "Priya" and task["due"] < "2026-05-15"]
    assert of_priya == sorted(kept, key=lambda task: task["due"], reverse=True)


def test_errors_per_service() -> None:
    lines = [line.split() for line in QUESTIONS["extraction-04"].turns[0].splitlines() if re.match(r"\d\d:", line)]
    counts = dict.fromkeys(sorted({line[1] for line in lines}), 0)
    for line in lines:
        counts[line[1]] += line[2] == "ERROR"
    assert ref("extraction-04") == json.dumps(counts)


def test_sums_of_money() -> None:
    expected = [1_200_000 * 2 // 3, 45_000 // 2, (3_400 - 3_100) * 12]
    assert [int(line) for line in ref("extraction-12", 1).splitlines()] == expected
    assert f"{310 / 3:.2f}" in ref("extraction-09")


def test_subtitles_fit() -> None:
    fitting = [ref("translation-12").split("\n(")[0], ref("translation-12", 1).split(" (")[0]]
    assert all(len(text.splitlines()) == 2 for text in fitting)
    assert all(len(line) <= 37 for text in fitting for line in text.splitlines())
    too_long = ref("translation-12").split('"')[1]
    assert len(too_long) > 37
    assert f"has {len(too_long)} characters" in ref("translation-12")


def test_texts_of_the_packaging_keep_their_limits() -> None:
    back, front = (ref("translation-08", turn).split() for turn in (0, 1))
    assert len(back) <= 25
    assert len(front) <= 8
    assert ref("translation-08", 1).count(".") == 1  # one sentence, as asked
