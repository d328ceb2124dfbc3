"""Which cells of an adaptive board were drawn: in which orders each battle is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from arena.board.open import OpenBoard
from arena.store.schedule_log import Drawn, ScheduleLog
from arena.types import Order

Orders = dict[str, dict[tuple[str, str], tuple[Order, ...]]]
"""By question and pair (model_a, model_b)."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A board's schedule.jsonl as it was read, and the battles in it."""

    state: tuple[int, ...]
    log: ScheduleLog
    orders: Orders
    gone: int
    """Cells of models or questions that are no more on the board."""


def schedule_of(board: OpenBoard) -> Schedule:
    """What was drawn on a board; read again when the file has changed."""
    path = board.review_folder.schedule_file
    state: tuple[int, ...] = ()
    try:
        stat = path.stat()
        state = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    except OSError:
        pass
    known = board.schedule
    if not isinstance(known, Schedule) or known.state != state or known.log.path != path:
        log = ScheduleLog.read(path)
        orders, gone = _orders(board, log.cells())
        known = board.schedule = Schedule(state, log, orders, gone)
    return known


def _orders(board: OpenBoard, cells: Iterable[Drawn]) -> tuple[Orders, int]:
    questions = {question.question_id for question in board.questions}
    there, gone = list[Drawn](), 0
    for cell in cells:
        if cell[0] in questions and {*cell[1:]} <= board.candidates.keys():
            there.append(cell)
        else:
            gone += 1
    return orders_of(there), gone


def orders_of(cells: Iterable[Drawn]) -> Orders:
    """Cells by question and pair, a_first before b_first."""
    found: dict[str, dict[tuple[str, str], set[Order]]] = {}
    for question_id, first, second in cells:
        pair: tuple[str, str] = (first, second) if first < second else (second, first)
        order: Order = "a_first" if pair[0] == first else "b_first"
        found.setdefault(question_id, {}).setdefault(pair, set()).add(order)
    return {
        question_id: {pair: tuple(sorted(orders)) for pair, orders in sorted(of_question.items())}
        for question_id, of_question in found.items()
    }


def warnings_of(board: OpenBoard, schedule: Schedule) -> list[str]:
    """What is odd about a schedule's file."""
    name, found = schedule.log.path.name, list[str]()
    if schedule.gone:
        found.append(f"{name}: {schedule.gone} drawn cells are of models or questions that are gone; they are ignored")
    seeds: Mapping[int, None] = dict.fromkeys(opening.seed for opening in schedule.log.openings)
    if seeds and board.config.seed not in seeds:
        found.append(
            f"{name}: drawn with seed {', '.join(map(str, seeds))}, the config's is {board.config.seed} now; what is "
            "paid stays, what is drawn from now on follows the new seed"
        )
    return found
