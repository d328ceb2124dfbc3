"""What a comparison of two models says, in English and Chinese: terminal and page alike."""

from __future__ import annotations

from collections.abc import Mapping

from arena.reports.comparison import Comparison, PartDifference, TaskDifference
from arena.reports.verdict import Language

_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Before and after", "前后对比"),
    "lead": ("{tuned} − {base}", "{tuned} − {base}"),
    "which": ("BASE is {base}, TUNED is {tuned}.", "基线：{base}；调优后：{tuned}。"),
    "base": ("BASE", "基线"),
    "tuned": ("TUNED", "调优后"),
    "benchmarks": ("Benchmarks", "基准测试"),
    "battles": ("Battles", "对战"),
    "subjects": ("By subject", "分科目"),
    "settings": ("Settings", "设置"),
    "task": ("Task", "任务"),
    "subject": ("Subject", "科目"),
    "documents": ("Documents", "题数"),
    "difference": ("Difference, pp", "差值（百分点）"),
    "learnt": ("Learnt", "学会"),
    "forgotten": ("Forgotten", "遗忘"),
    "net": ("Net", "净变化"),
    "p": ("p (Holm)", "p（Holm）"),
    "change": ("Says", "结论"),
    "better": ("better", "更好"),
    "worse": ("worse", "更差"),
    "no_forgetting": ("no forgetting", "未遗忘"),
    "undecided": ("undecided", "未定"),
    "itself": ("Base, other seed", "基线换种子"),
    "equal_settings": (
        "Everything but the model is set alike for the two.",
        "除模型外，两者的设置完全相同。",
    ),
    "kept_all": (
        "No forgetting: on every task the lower bound lies above −{margin} pp.",
        "未遗忘：每个任务的置信下限都高于 −{margin} 个百分点。",
    ),
    "kept_not_all": (
        "That nothing was forgotten is not shown: not every lower bound lies above −{margin} pp ({tasks}).",
        "尚不能说没有遗忘：并非每个置信下限都高于 −{margin} 个百分点（{tasks}）。",
    ),
    "no_benchmarks": ("No benchmark was asked of both alike.", "没有两者以相同方式完成的基准测试。"),
    "no_battles": ("No battles tell the two apart.", "没有可比较两者的对战。"),
    "rated": ("Rating: {amount} points", "评分差：{amount} 分"),
    "scored": ("Score: {amount}", "得分差：{amount}"),
    "met": (
        "{wins} won, {losses} lost, {ties} tied between the two: {rate} for {tuned}",
        "两者之间 {wins} 胜 {losses} 负 {ties} 平：{tuned} 胜率 {rate}",
    ),
    "chosen": (
        "{wins} won, {losses} lost, {ties} tied between the two, in battles that the schedule chose: no win rate",
        "两者之间 {wins} 胜 {losses} 负 {ties} 平：对战由调度选定，不计胜率",
    ),
    "how": (
        "{level} intervals of the paired difference, clustered where documents belong together. Learnt and forgotten "
        "are gross counts of documents; net is their difference with its interval. p: exact McNemar where answers are "
        "right or wrong and stand alone, else Student's t over clusters; Holm over the tasks, and over all subjects.",
        "方括号为配对差值的 {level} 置信区间，相互关联的题目按簇计算。"
        "学会与遗忘为题目总数，净变化附置信区间。"
        "p：答案非对即错且相互独立时用精确 McNemar 检验，否则用按簇的 t 检验；对全部任务及全部科目分别作 Holm 校正。",
    ),
    "only": ("{n} documents only one of the two has a score of are left out", "{n} 题仅一方有得分，未计入"),
    "unreadable": (
        "unreadable and counted as wrong: {base} of BASE's replies, {tuned} of TUNED's",
        "无法读取而计为错误：基线 {base} 条，调优后 {tuned} 条",
    ),
    "simulated": (
        "REHEARSAL: these numbers are invented. Nothing on this page says anything about the models.",
        "演练：数据均为虚构，本页内容不反映任何模型的真实水平。",
    ),
}


def words(language: Language) -> dict[str, str]:
    """All of it in one language."""
    return {key: pair[language == "zh"] for key, pair in _WORDS.items()}


def _minus(text: str) -> str:
    return text.replace("-", "−")


def points(value: float | None, digits: int = 1, factor: float = 100.0) -> str:
    """`+2.4`, in percentage points where nothing else is said; a dash where there is none."""
    if value is None:
        return "–"
    known = round(factor * value, digits) + 0.0
    return _minus(f"{known:{'+' if known else ''}.{digits}f}")


def ends_of(low: float | None, high: float | None, digits: int = 1, factor: float = 100.0) -> str:
    """`[−1.2, 6.0]`; empty where an end is not known."""
    if low is None or high is None:
        return ""
    return _minus(f"[{round(factor * low, digits) + 0.0:.{digits}f}, {round(factor * high, digits) + 0.0:.{digits}f}]")


def difference_told(part: PartDifference) -> str:
    """`+2.4 [−1.2, 6.0]`."""
    return f"{points(part.diff.value)} {ends_of(part.diff.low, part.diff.high)}".rstrip()


def net_told(part: PartDifference) -> str:
    """`+3 [−2, 8]`, in documents."""
    return f"{points(part.net.value, 0, 1.0)} {ends_of(part.net.low, part.net.high, 0, 1.0)}".rstrip()


def p_told(p: float | None) -> str:
    """Three decimals, or that it is smaller."""
    return "–" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def sentences(found: Comparison, language: Language = "en") -> list[str]:
    """What the tables do not say: kept or not, battles, settings, what is left out."""
    w = words(language)
    lines = []
    if found.no_forgetting is None:
        lines.append(w["no_benchmarks"])
    elif found.no_forgetting:
        lines.append(w["kept_all"].format(margin=f"{100 * found.margin:g}"))
    else:
        lost = [t.task for t in found.compared if t.diff.low is None or t.diff.low <= -found.margin]
        lines.append(w["kept_not_all"].format(margin=f"{100 * found.margin:g}", tasks=", ".join(lost)))
    return lines + battle_lines(found, language)


def battle_lines(found: Comparison, language: Language = "en") -> list[str]:
    """What the judges say of the two."""
    w, battles = words(language), found.battles
    if battles is None:
        return [w["no_battles"]]
    lines = []
    ends = battles.diff
    if ends.value is not None or ends.low is not None or ends.high is not None:
        digits = 2 if battles.unit == "score" else 0
        amount = f"{points(ends.value, digits, 1.0)} {ends_of(ends.low, ends.high, digits, 1.0)}".rstrip()
        lines.append(w["scored" if battles.unit == "score" else "rated"].format(amount=amount))
    if battles.wins + battles.losses + battles.ties:
        rate = f"{100 * (battles.win_rate.value or 0):.1f}% {ends_of(battles.win_rate.low, battles.win_rate.high)}"
        how = "chosen" if battles.win_rate.value is None else "met"
        lines.append(w[how].format(wins=battles.wins, losses=battles.losses, ties=battles.ties,
                                     rate=rate.rstrip(), tuned=found.tuned))  # fmt: skip
    return lines or [w["no_battles"]]


_NOT_COMPARED_ZH = {
    "they share no document": "两者没有共同的题目", "only TUNED was asked it": "只问过调优后模型",
    "only BASE was asked it": "只问过基线", "not asked alike: ": "提问方式不同：", "chat template ": "对话模板 ",
    "metric ": "指标 ", "version ": "版本 ", "shots ": "示例数 ", "mode ": "方式 ", " and ": " 与 ", ", ": "，",
}  # fmt: skip
"""Words of the reasons that the comparison gives."""


def not_compared(task: TaskDifference, language: Language = "en") -> str:
    """Why a task is not compared; empty where it is."""
    said = task.not_compared or ""
    for english, chinese in _NOT_COMPARED_ZH.items() if language == "zh" else ():
        said = said.replace(english, chinese)
    return said


def task_notes(task: TaskDifference, language: Language = "en") -> list[str]:
    """What is left out of a task, or why it is not compared."""
    w = words(language)
    if task.not_compared is not None:
        return [not_compared(task, language)]
    notes = []
    if n := task.only_base + task.only_tuned:
        notes.append(w["only"].format(n=n))
    if task.unreadable_base or task.unreadable_tuned:
        notes.append(w["unreadable"].format(base=task.unreadable_base, tuned=task.unreadable_tuned))
    return notes
