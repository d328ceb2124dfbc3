"""The interface in Chinese, as `viz.ui.words`: numbers of answers by rule."""

from __future__ import annotations

OF_SCORES: dict[str, str] = {
    "Scores by rule": "规则评分",
    "A single battles file has no scores by rule.": "单个对战文件不含规则评分。",
    "No scores by rule yet: name metrics in the config (`scores: {metrics: [chrf]}`), then `arena score`.": (
        "尚无规则评分：请在配置中写明指标（`scores: {metrics: [chrf]}`），再运行 `arena score`。"
    ),
    "Part of the board": "范围",
    "all of it": "全部",
    "What lies between 0 and 1 is in per cent; nothing said counts as the metric says, what is left out nowhere.": (
        "取值在 0 到 1 之间的以百分比显示；空回答按指标规定计分，未计入的不影响任何数值。"
    ),
    "↓: less is better.": "↓：越小越好。",
    "How each compares, and what is left out": "各指标的比较方式与未计入的回答",
    "Strengths and weaknesses": "强项与弱项",
    "Nothing is sure: no model is better or worse on some questions than on the others, beyond chance.": (
        "没有确定的结论：没有模型在某类问题上的表现与其他问题有超出偶然的差别。"
    ),
    "stronger": "较强",
    "weaker": "较弱",
    "It is": "表现",
    "judges": "评审",
    "Gap": "差距",
    "The gap is the model's lead over the others on these questions less its lead elsewhere. Intervals of a model "
    "hold together, however many parts were looked at.": (
        "差距指模型在这些问题上相对其他模型的领先，减去其在其余问题上的领先。"
        "无论考察多少类问题，同一模型的各区间同时成立。"
    ),
    "long questions": "较长的问题",
    "several turns": "多轮",
    "with code": "含代码",
    "with numbers": "含数字",
    "Perplexity": "困惑度",
    "Bits per byte": "每字节比特数",
    "Perplexity per token": "每词元困惑度",
    "Lower is better. Perplexity per token does not compare models whose tokenizers differ.": (
        "越低越好。分词器不同的模型之间，每词元困惑度不可比较。"
    ),
    "Weighted overall": "加权总分",
    "Overall": "总分",
    "quality": "质量",
    "efficiency": "效率",
    "safety": "安全",
    "robustness": "稳健",
    "By the weights of the config; it ranks nothing, and a model that lacks a part has no number.": (
        "按配置中的权重计算，不用于排名；缺少某项的模型没有总分。"
    ),
    "Mistakes": "错误类型",
    "empty": "空回答",
    "refusal": "拒答",
    "other language": "语言不符",
    "number wrong": "数字错误",
    "much shorter": "过短",
    "much longer": "过长",
    "off topic": "离题",
    "Per cent of the answers that have a reference, by rule: a first look, no judgement.": (
        "占有参考答案的回答的百分比，按规则判断：仅供初步了解，不作评判。"
    ),
    "Metric": "指标",
    "all, the worst first": "全部，最差的在前",
    "nothing said": "空回答",
    "left out": "未计入",
    "{n} answers; click one for what was said.": "{n} 个回答；点击查看内容。",
    "{n} said nothing": "{n} 个空回答",
    "not scored yet": "尚未评分",
}
