"""The Chinese of the page on why models lose."""

from __future__ import annotations

OF_REASONS: dict[str, str] = {
    "Reasons": "落败原因",
    "Reason": "原因",
    "A single battles file has no reasons.": "单个对战文件没有落败原因。",
    "Nobody has looked for reasons yet: `scores: {reasons: true}` in the config, then `arena score`.":
        "尚未查找落败原因：在配置中写 `scores: {reasons: true}`，再运行 `arena score`。",
    "In {n} of {of} decided battles judges wrote why; nothing in it goes with losing beyond chance.":
        "{of} 场已分胜负的对战中，评审为 {n} 场写了理由；其中没有与落败相关且超出偶然的内容。",
    "Of {n} battles with an explanation ({of} decided), {p} follow no reason that was found. In brackets: "
    "{level} % intervals, clustered by question.":
        "在 {n} 场有说明的对战（共 {of} 场已分胜负）中，{p} 不符合任何已发现的原因。"
        "括号内：按问题聚类的 {level} % 置信区间。",
    "By model": "按模型",
    "Share of losses": "占落败的比例",
    "Share of its losses": "占其落败的比例",
    "Losses": "落败数",
    "Loses by it more than others": "因此落败多于其他模型者",
    "Found as": "依据",
    "trait of answers ({p} of those that won)": "回答的特征（获胜回答中占 {p}）",
    "said of losers": "用于描述落败方",
    "differs by model": "因模型而异",
    "Most often in: {parts}": "最常见于：{parts}",
    "Battles to read": "可阅读的对战",
    "{question}: {loser} lost": "{question}：{loser} 落败",
    "at most half as long": "长度不到一半",
    "at least twice as long": "长度达两倍以上",
    "less than half as many lists": "列表少于一半",
    "more than twice as many lists": "列表多于两倍",
    "less than half as many headings": "标题少于一半",
    "more than twice as many headings": "标题多于两倍",
    "less than half as much bold": "加粗少于一半",
    "more than twice as much bold": "加粗多于两倍",
}  # fmt: skip
