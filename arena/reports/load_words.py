"""What is said of load tests, in English and Chinese: levels, times, and what figures alone do not show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from arena.reports.load_runs import Figure, Limit, LoadLevel
from arena.reports.verdict import Language

DASH = "–"
_ARRIVALS = {
    "poisson": ("{value}/s Poisson", "{value}/秒 泊松到达"),
    "constant": ("{value}/s constant", "{value}/秒 匀速"),
    "trace": ("{value}/s trace", "{value}/秒 按记录"),
    "closed": ("{value} at once", "并发 {value}"),
}
_REMARKS = {
    "limited": ("limited by this machine, not by the endpoint: {why}", "受发送端限制，而非服务端：{why}"),
    "not_sustained": (
        "not sustained: waiting requests grow as long as it lasts",
        "无法持续：等待的请求随时间不断增加",
    ),
    "failed": ("failed: {why}", "失败：{why}"),
    "whole": (
        "{n} replies came whole, without a stream: no time to first token",
        "{n} 条回复未以流式返回：没有首词元时间",
    ),
    "uncounted": (
        "the endpoint does not say how many tokens it wrote: no time per token",
        "服务端未返回词元数：没有每词元时间",
    ),
    "slo": ("SLO {kept}: {good} of {due} requests good", "SLO {kept}：{due} 个请求中 {good} 个达标"),
    "gpu": ("{name}: {used} of {total} GB, busy {busy}", "{name}：{total} GB 中已用 {used} GB，利用率 {busy}"),
    "ended": ("ended early: {why}", "提前结束：{why}"),
    "unfinished": ("not finished", "未完成"),
}  # fmt: skip
_REASONS = {
    r"too few requests for an interval: ([\d,]+) are needed, since each depends on those before it": (
        "请求太少，无法给出区间：需要 {0} 个，因为每个请求都受之前请求的影响"
    ),
    r"too few requests beyond a percentile for an interval: (.+)": "超出百分位的请求太少，无法给出区间：{0}",
    r"too few requests in a run for an interval: (\d+) are needed": "每次运行的请求太少，无法给出区间：需要 {0} 个",
    r"too few runs for an interval: (\d+) are needed": "运行次数太少，无法给出区间：需要 {0} 次",
    r"an end beyond the data: (.+)": "区间的一端超出数据范围：{0}",
    r"counted, not estimated": "计数所得，并非估计",
}
"""Why a figure has no interval, as load.json has it, in Chinese."""
_KEPT = {
    True: ("kept", "达标"), False: ("missed", "未达标"),
    None: ("neither shown to be kept nor missed", "数据不足以判断是否达标"),
}  # fmt: skip


def level_title(arrival: str, value: float, language: Language = "en") -> str:
    """`16 at once`, `8/s Poisson`."""
    return _ARRIVALS.get(arrival, ("{value}/s", "{value}/秒"))[language == "zh"].format(value=told_load(value))


def told_load(value: float) -> str:
    """A number of requests at once or per second."""
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.4g}"


def remarks(level: LoadLevel, language: Language = "en", *, good_too: bool = True) -> Iterator[str]:
    """What is to be said about a level, in words; an SLO that is kept, and GPUs, only with `good_too`."""

    def said(name: str, /, **parts: object) -> str:
        return _REMARKS[name][language == "zh"].format(**parts)

    if level.generator.limited:
        yield said("limited", why=_limits(level, language))
    if level.sustained is False:
        yield said("not_sustained")
    if level.failed:
        yield said("failed", why=", ".join(f"{n:,} {kind}" for kind, n in level.failed.items()))
    if level.not_streamed:
        yield said("whole", n=f"{level.not_streamed:,}")
    if level.output_tokens is None and level.succeeded:
        yield said("uncounted")
    if (found := level.goodput) is not None and (good_too or found.kept is not True):
        yield said("slo", kept=_KEPT[found.kept][language == "zh"], good=f"{found.good:,}", due=f"{found.due:,}")
    for gpu in level.gpus if good_too else ():
        used, busy = gpu.memory_used_bytes_max, gpu.utilization_mean
        yield said("gpu", name=gpu.name, total=f"{gpu.memory_total_bytes / 1e9:.1f}",
                   used=DASH if used is None else f"{used / 1e9:.1f}",
                   busy=DASH if busy is None else f"{100 * busy:.0f} %")  # fmt: skip
    if level.ended is not None:
        yield said("ended", why=level.ended)
    elif not level.complete:
        yield said("unfinished")


def told_reason(why: str, language: Language = "en") -> str:
    """Why a figure has no interval; one that this version does not know as it stands."""
    for pattern, said in _REASONS.items() if language == "zh" else ():
        if found := re.fullmatch(pattern, why):
            return said.format(*found.groups())
    return why


def told_limit(limit: Limit, language: Language = "en") -> str:
    """The largest rate that keeps the SLO, in a sentence."""
    en = language == "en"
    kept, missed = (
        "" if rate is None else f"{told_load(rate)}/{'s' if en else '秒'}" for rate in (limit.kept, limit.missed)
    )
    said = (f"keeps the SLO at {kept}" if kept else "no rate was seen to keep the SLO") if en else (
        f"{kept} 时达标" if kept else "没有发现达标的速率")  # fmt: skip
    if missed:
        said += f", misses it at {missed}" if en else f"，{missed} 时未达标"
    else:
        said += ", none was seen to miss it" if en else "，没有发现未达标的速率"
    if limit.limited:
        said += "; this machine cannot send faster" if en else "；本机无法发送得更快"
    if limit.between:
        rates = ", ".join(map(told_load, limit.between))
        said += f"; not shown either way at {rates}: more requests per level tell" if en else (
            f"；{rates} 时数据不足以判断：需要更多请求")  # fmt: skip
    if limit.confirmed:
        return said + (" (each in two runs)" if en else "（各运行两次）")
    return said + (" (not confirmed by a second run)" if en else "（未经第二次运行确认）")


def _limits(level: LoadLevel, language: Language) -> str:
    if language == "en":
        return "; ".join(level.generator.reasons)
    lag, cpu = level.generator.loop_lag_p99_s, level.generator.cpu_share
    told = [] if lag is None else [f"事件循环延迟 p99 {1000 * lag:.0f} 毫秒"]
    return "，".join([*told, *([] if cpu is None else [f"CPU {100 * cpu:.0f} %"])])


def told_time(found: Figure, *, ends: bool = True) -> str:
    """`215 ms [210, 230]`; a dash where there is none, or for an end that the data cannot give."""
    if found.value is None:
        return DASH
    unit, factor = ("ms", 1000.0) if found.value < 1 else ("s", 1.0)
    told = f"{_three(factor * found.value)} {unit}"
    return f"{told} {around}" if ends and (around := told_ends(found)) else told


def told_ends(found: Figure) -> str:
    """`[210, 230]`, in the unit of the value; empty without an interval."""
    if found.value is None or (found.low is None and found.high is None):
        return ""
    factor = 1000.0 if found.value < 1 else 1.0
    low, high = (DASH if end is None else _three(factor * end) for end in (found.low, found.high))
    return f"[{low}, {high}]"


def told_rate(value: float | None) -> str:
    """So many a second."""
    return DASH if value is None else f"{value:,.1f}" if value >= 10 else f"{value:.3g}"


def _three(value: float) -> str:
    return f"{value:.3g}" if value < 99.95 else f"{value:.0f}"
