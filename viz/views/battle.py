"""One battle under its own address: question, both answers, every verdict."""

from __future__ import annotations

import numpy as np
import streamlit as st

from arena.judging.slots import value_of
from arena.reports.options import arguments
from arena.store.votes import pair_key
from arena.types import Verdict
from viz.data.board import Board
from viz.data.detail import Detail, Identity, Judged, Side, find_reply, find_row, identity_of, read_detail
from viz.data.filters import Filter
from viz.ui.choices import choose
from viz.ui.difference import difference
from viz.ui.figures import DASH, chance, count, money, seconds
from viz.ui.pieces import chips, nothing, reason_text
from viz.ui.rendering import LIMIT, as_html, plain, shortened
from viz.ui.session import board, go, look, selected, t, url_filter, votes
from viz.ui.textbox import text

MODES = ("rendered", "raw", "diff")


def show() -> None:
    """The page."""
    opened = board()
    wanted = _identity_in_url()
    row = find_row(opened, wanted) if wanted is not None else None
    if row is None:
        st.title(t("Battle"))
        nothing(t("There is no such battle on this board."))
        if st.button(t("All battles"), icon=":material/list:"):
            go("battles", {})
        return
    _navigation(opened, row)
    detail = read_detail(opened, row)
    _head(opened, detail)
    mode = _mode(detail)
    _turns(detail, mode)
    _verdicts(detail, opened)


def _identity_in_url() -> Identity | None:
    given = st.query_params
    if "question" not in given or "a" not in given:
        return None
    sample = given.get("sample", "0")
    return Identity(
        given["question"], given["a"], given.get("b"), given.get("by", ""), int(sample) if sample.isdecimal() else 0
    )


def _navigation(opened: Board, row: int) -> None:
    """Previous and next within the filter that the URL carries."""
    wanted = url_filter()
    found = selected(wanted)
    place = int(np.searchsorted(found, row))
    inside = place < len(found) and found[place] == row
    before = int(found[place - 1]) if place > 0 else None
    after_place = place + 1 if inside else place
    after = int(found[after_place]) if after_place < len(found) else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="walk"):
        if st.button(t("Battles"), icon=":material/arrow_back:", type="tertiary"):
            go("battles", wanted.parameters())
        st.space("stretch")
        where = f"{place + 1} / {count(len(found))}" if inside else t("outside the filter")
        st.caption(where, width="content")
        for label, target, key, icon in (
            (t("Previous"), before, "K", ":material/keyboard_arrow_up:"),
            (t("Next"), after, "J", ":material/keyboard_arrow_down:"),
        ):
            st.button(
                label, icon=icon, disabled=target is None, shortcut=key, key=f"go-{key}", on_click=_turn_to,
                args=(opened, target, wanted),
            )  # fmt: skip
        with st.popover(t("Link"), icon=":material/link:"):
            st.caption(t("This address opens this battle, in this filter:"))
            st.code(st.context.url or "", language=None, wrap_lines=True)
            st.caption(t("In the terminal:"))
            st.code(_show_command(opened, row), language=None, wrap_lines=True)


def _show_command(opened: Board, row: int) -> str:
    named = identity_of(opened, row)
    return f"arena show -c CONFIG {arguments(named.question, *filter(None, (named.a, named.b)))}"


def _turn_to(opened: Board, row: int | None, wanted: Filter) -> None:
    """Another battle at this page: the address alone changes, so that the script runs once."""
    if row is None:
        return
    kept = {name: st.query_params[name] for name in ("view", "lang") if name in st.query_params}
    st.query_params.from_dict({**wanted.parameters(), **identity_of(opened, row).parameters(), **kept})


def _head(opened: Board, detail: Detail) -> None:
    named, judged = detail.identity, detail.judged[0]
    st.html(f'<h1 class="page">{as_html(t("Question {id}", id=shortened(named.question, 60)))}</h1>')
    told = [(detail.question.category, ""), *_result_chips(detail, judged)]
    if detail.question.language:
        told.append((detail.question.language, ""))
    told.append((t("judge: {name}", name=shortened(judged.judge, 50)), ""))
    if named.sample:
        told.append((t("sample {n}", n=named.sample), ""))
    said = _people(opened, detail)
    chips(told + ([(t("people: {choice}", choice=said), "strong")] if said else []))


def _result_chips(detail: Detail, judged: Judged) -> list[tuple[str, str]]:
    if judged.state == "pending":
        return [(t("pending: not asked yet"), "warn")]
    if judged.state == "excluded":
        return [(t("left out: {why}", why=reason_text(judged.reason)), "bad")]
    if judged.score is not None:
        return [(t("score {s}", s=f"{judged.score:g}"), "strong")]
    told = [_winner_chip(detail, judged.winner)]
    if judged.outcome is not None:
        told.append((t("points {a} : {b}", a=f"{judged.outcome:.2g}", b=f"{1 - judged.outcome:.2g}"), ""))
    if judged.consistent is not None:
        told.append((t("orders agree"), "good") if judged.consistent else (t("orders disagree"), "warn"))
    return told


def _winner_chip(detail: Detail, winner: str | None) -> tuple[str, str]:
    match winner:
        case "model_a":
            return t("{name} won", name=shortened(detail.sides[0].model, 50)), "a strong"
        case "model_b":
            return t("{name} won", name=shortened(detail.sides[1].model, 50)), "b strong"
        case "tie":
            return t("tie"), "strong"
        case _:
            return t("rated"), ""


def _people(opened: Board, detail: Detail) -> str:
    """What people voted, when they did and agree with each other."""
    pair = pair_key(detail.identity.question, detail.identity.a, detail.identity.b or "")
    cast = [vote for vote in votes().counted() if vote.pair == pair]
    turned = {"model_a": "model_b", "model_b": "model_a"}
    choices = [v.winner if v.model_a == detail.identity.a else turned.get(v.winner, v.winner) for v in cast]
    names = {
        "model_a": detail.sides[0].model,
        "model_b": detail.sides[-1].model,
        "tie": t("tie"),
        "both_bad": t("both bad"),
    }
    return ", ".join(f"{shortened(names[c], 40)} × {choices.count(c)}" for c in sorted(set(choices)))


def _mode(detail: Detail) -> str:
    modes = MODES if len(detail.sides) == 2 else MODES[:2]
    names = {"rendered": t("Rendered"), "raw": t("Raw text"), "diff": t("Differences")}
    return choose(t("View"), {mode: names[mode] for mode in modes}, "view")


def _turns(detail: Detail, mode: str) -> None:
    if not detail.known_question:
        st.caption(t("The board came without its questions; start the viewer with --question-file to see them."))
    turns = max([len(detail.question.turns), *(len(s.answer.turns) for s in detail.sides if s.answer), 1])
    for turn in range(turns):
        if turn < len(detail.question.turns):
            with st.container(border=True):
                st.caption(t("Question") if turns == 1 else t("Question, turn {n}", n=turn + 1))
                text(detail.question.turns[turn], f"question-{turn}", raw=mode == "raw")
                _reference(detail, turn)
        if mode == "diff":
            for place, column in enumerate(st.columns(2, gap="medium")):
                with column:
                    _side_head(detail.sides[place], place, turn)
            answers = [_turn(side, turn) or "" for side in detail.sides]
            st.html(f'<div class="diff">{difference(*answers)}</div>')
            continue
        columns = st.columns(len(detail.sides), gap="medium")
        for place, (column, side) in enumerate(zip(columns, detail.sides, strict=True)):
            with column, st.container(border=True):
                _side_head(side, place, turn)
                _answer(side, turn, f"{'ab'[place]}-{turn}", raw=mode == "raw")


def _side_head(side: Side, place: int, turn: int) -> None:
    """Whose answer it is; what it took stands over the first turn, being about all of them."""
    colour = (look().a, look().b)[place]
    name = as_html(side.model)
    st.html(
        f'<div class="side-title"><i style="background:{colour}"></i><span title="{name}">{name}</span></div>'
        + (f'<div class="facts-line">{as_html(_facts(side))}</div>' if turn == 0 else "")
    )


def _facts(side: Side) -> str:
    answer = side.answer
    if answer is None:
        return t("no answer stored")
    told = [t("{n} characters", n=count(sum(len(turn) for turn in answer.turns)))]
    if answer.usage.output_tokens is not None:
        told.append(t("{n} tokens", n=count(answer.usage.output_tokens)))
    if answer.latency_s is not None:
        told.append(seconds(answer.latency_s))
    if answer.ttft_s is not None:
        told.append(t("first token {s}", s=seconds(answer.ttft_s)))
    if answer.cost_usd is not None:
        told.append(money(answer.cost_usd))
    if answer.status != "ok":
        told.append(answer.status)
    if answer.finish_reason not in {None, "stop", "end_turn"}:
        told.append(str(answer.finish_reason))
    return " · ".join(told)


def _turn(side: Side, turn: int) -> str | None:
    return side.answer.turns[turn] if side.answer is not None and turn < len(side.answer.turns) else None


def _answer(side: Side, turn: int, key: str, *, raw: bool) -> None:
    answer, said = side.answer, _turn(side, turn)
    if answer is None:
        st.caption(t("no answer stored"))
        return
    if turn < len(answer.reasoning) and (thought := answer.reasoning[turn]):
        with st.expander(t("Reasoning")):
            text(thought, f"reasoning-{key}", raw=raw)
    if said is None or not said.strip():
        st.caption(t("(empty)"))
        if answer.error:
            st.text(answer.error)
        return
    text(said, key, raw=raw)


def _reference(detail: Detail, turn: int) -> None:
    if turn < len(detail.question.reference) and (reference := detail.question.reference[turn]):
        with st.expander(t("Reference answer")):
            text(reference, f"reference-{turn}")


def _verdicts(detail: Detail, opened: Board) -> None:
    st.header(t("Verdicts"), anchor=False)
    for number, judged in enumerate(detail.judged):
        with st.container(border=True):
            chips([(judged.judge, "strong"), *_result_chips(detail, judged)])
            if judged.score is not None or judged.explanation:
                _score(judged, opened, f"{number}")
            shown = judged.verdicts
            for start in range(0, len(shown), 2):
                for place, (column, verdict) in enumerate(
                    zip(st.columns(2, gap="medium"), shown[start : start + 2], strict=False)
                ):
                    with column:
                        _verdict(detail, verdict, opened, f"{number}-{start + place}")


def _score(judged: Judged, opened: Board, key: str) -> None:
    if judged.criteria:
        chips([(f"{name}: {value:g}", "") for name, value in judged.criteria.items() if value is not None])
    if judged.explanation:
        text(judged.explanation, f"explanation-{key}")
    _raw_reply(judged.key, opened, key)


def _verdict(detail: Detail, verdict: Verdict, opened: Board, key: str) -> None:
    first, second = detail.sides if verdict.order == "a_first" else detail.sides[::-1]
    told = [_verdict_chip(detail, verdict)]
    if verdict.label in {"first_strong", "second_strong"}:
        told.append((t("strongly"), ""))
    if verdict.score_a is not None and verdict.score_b is not None:
        told.append((t("A {a} : {b} B", a=f"{verdict.score_a:g}", b=f"{verdict.score_b:g}"), ""))
    if verdict.probability is not None:
        told.append((t("P(A wins) = {p}", p=chance(verdict.probability)), ""))
    names = {"first": plain(shortened(first.model, 40)), "second": plain(shortened(second.model, 40))}
    shown = t("Shown first: {first}, then {second}", **names)
    st.caption(shown if verdict.order_known else t("Which answer was shown first is not recorded."))
    chips(told)
    if verdict.explanation:
        text(verdict.explanation, f"explanation-{key}")
    _raw_reply(verdict.key, opened, key)


def _verdict_chip(detail: Detail, verdict: Verdict) -> tuple[str, str]:
    if verdict.status == "identical":
        return t("the answers are identical: a tie without a call"), ""
    value = value_of(verdict)
    if value is None:
        words = {"unparsed": t("no readable verdict"), "failed": t("the call failed"), "missing": t("not asked yet")}
        return words.get(verdict.status, DASH), "bad"
    return _winner_chip(detail, "tie" if value == 0.5 else "model_a" if value > 0.5 else "model_b")


def _raw_reply(key: str | None, opened: Board, place: str) -> None:
    if key is None or opened.source.board is None:
        return
    if not st.toggle(t("Raw reply and prompt"), key=f"raw-{place}"):
        return
    call = find_reply(opened, key)
    if call is None:
        st.caption(t("This reply is not in the ledger."))
        return
    sent, back = (DASH if n is None else count(n) for n in (call.usage.input_tokens, call.usage.output_tokens))
    told = (
        call.model_returned or call.model_requested or DASH, call.status, t("{n} tokens", n=f"{sent} → {back}"),
        money(call.cost_usd), seconds(call.latency_s),
    )  # fmt: skip
    st.caption(plain(" · ".join(told)))
    st.code(call.text or call.error or "", language=None, wrap_lines=True)
    for role, content in call.messages:
        st.caption(plain(role))
        st.code(content[:LIMIT], language=None, wrap_lines=True, height=320)


if __name__ == "__main__":
    show()
