"""Every word of the page, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "zh"]
Words = Mapping[str, str]

_WORDS: Mapping[str, tuple[str, str]] = {
    "report": ("Arena report", "竞技场报告"),
    "simulated": (
        "REHEARSAL: these verdicts are invented. Nothing on this page says anything about the models.",
        "演练：评审结论均为虚构，本页内容不反映任何模型的真实水平。",
    ),
    "lead_clear": ("{leader} leads, and the data settles it.", "{leader} 领先，数据足以支持这一结论。"),
    "lead_odd": (
        "{leader} is ahead by the verdicts, but many of its answers look made to sway the judge.",
        "按评审结论 {leader} 领先，但它的许多回答疑似为影响评审而写。",
    ),
    "lead_even": ("{leader} and {tied} are exactly level.", "{leader} 与 {tied} 完全打平。"),
    "lead_few": (
        "{leader} is ahead, but {q} questions cannot settle the order.",
        "{leader} 暂时领先，但 {q} 个问题不足以决定名次。",
    ),
    "lead_tied_one": (
        "{leader} leads, but {tied} is statistically tied with it: decide on cost and speed.",
        "{leader} 领先，但 {tied} 与其在统计上打平：请结合成本与速度决定。",
    ),
    "lead_tied": (
        "{leader} leads, but {tied} are statistically tied with it: decide on cost and speed.",
        "{leader} 领先，但 {tied} 与其在统计上打平：请结合成本与速度决定。",
    ),
    "lead_tied_many": (
        "{leader} leads, but {n} other models are statistically tied with it: this board needs more questions before "
        "it can tell them apart.",
        "{leader} 领先，但另有 {n} 个模型与其在统计上打平：需要更多问题才能区分它们。",
    ),
    "lead_none": (
        "There is nothing to rank yet: no two models have a rated comparison.",
        "尚无可排名的结果：还没有任何两个模型之间的有效对比。",
    ),
    "lead_components": (
        "The models fall into {n} groups that never met, so no one ranking covers them all.",
        "这些模型分成 {n} 组，组间从未对战，因此没有统一的排名。",
    ),
    "gap": (
        "{leader} stands {points} points [{low}, {high}] above {second}.",
        "{leader} 比 {second} 高 {points} 分 [{low}, {high}]。",
    ),
    "against_baseline": (
        "Against the baseline {baseline} its win rate is {rate} [{low}, {high}], a tie counting half.",
        "对阵基线 {baseline}，胜率为 {rate} [{low}, {high}]，平局计半。",
    ),
    "look_first": (
        "Before you believe it, read its answers ({flags}).",
        "先读它的回答再下结论（{flags}）。",
    ),
    "cheapest": (
        "Among those tied for the lead, {model} is the cheapest ({cost} per question).",
        "并列领先者中，{model} 最便宜（每题 {cost}）。",
    ),
    "fastest": (
        "Among those tied for the lead, {model} answers fastest ({time} at the median).",
        "并列领先者中，{model} 回答最快（中位数 {time}）。",
    ),
    "interval_note": (
        "Brackets are {level} intervals{how}. Ranks in parentheses are the places the data still allows.",
        "方括号为 {level} 置信区间{how}。括号内的名次是数据仍允许的范围。",
    ),
    "clustered": (", clustered by question", "，按问题聚类"),
    "bootstrap": (", resampled by question", "，按问题重抽样"),
    "independent": (", taking battles as independent", "，假定对战相互独立"),
    "none": ("", ""),
    "leaderboard": ("Leaderboard", "排行榜"),
    "nav_matrix": ("Match-ups", "两两对战"),
    "nav_categories": ("Categories", "类别"),
    "nav_value": ("Value", "性价比"),
    "nav_judges": ("Judges", "评审"),
    "nav_battles": ("Battles", "对战"),
    "nav_method": ("Method", "方法"),
    "rank": ("Rank", "名次"),
    "model": ("Model", "模型"),
    "rating": ("Rating", "评分"),
    "score": ("Score", "得分"),
    "elo": ("Elo", "Elo"),
    "win_rate": ("Win rate", "胜率"),
    "games": ("W / L / T", "胜 / 负 / 平"),
    "battles": ("Battles", "对战"),
    "answers": ("Answers", "回答"),
    "length": ("Length", "长度"),
    "cost": ("Cost", "成本"),
    "baseline": ("baseline", "基线"),
    "won_all": ("won all", "全胜"),
    "lost_all": ("lost all", "全负"),
    "rested": ("{n} {unit} on {q} questions", "{q} 个问题上的 {n} 场{unit}"),
    "unit_battles": ("rated battles", "有效对战"),
    "unit_scores": ("scored answers", "有效评分"),
    "left_out": ("Left out: {reasons}.", "未计入：{reasons}。"),
    "pending": ("{n} not judged yet.", "{n} 场尚未评审。"),
    "answer_missing": ("answer missing", "缺少回答"),
    "answer_empty": ("empty answer", "回答为空"),
    "answer_error": ("answer failed", "回答失败"),
    "call_failed": ("judge call failed", "评审调用失败"),
    "unparsed": ("no verdict in the reply", "评审未给出结论"),
    "no_reference": ("no reference answer", "缺少参考答案"),
    "self_judged": ("own judge", "自评"),
    "no_quorum": ("too few verdicts", "有效评审不足"),
    "matrix": ("Who beats whom", "两两胜率"),
    "matrix_note": (
        "Share of battles the row model won against the column model, ties counting half. Hover for counts.",
        "行模型对列模型的胜率，平局计半；悬停可见场数。",
    ),
    "surely": ("How sure is that?", "有多大把握？"),
    "surely_note": (
        "Probability that the row model is truly better than the column model, given everything on this board.",
        "依据本板全部数据，行模型确实优于列模型的概率。",
    ),
    "categories": ("By category", "分类别"),
    "categories_note": (
        "{what} of each model inside each category. Faded cells rest on fewer than 20 questions.",
        "各模型在各类别内的{what}。颜色较淡者不足 20 题。",
    ),
    "languages": ("By language", "分语言"),
    "languages_note": (
        "{what} of each model inside each language. Faded cells rest on fewer than 20 questions.",
        "各模型在各语言内的{what}。颜色较淡者不足 20 题。",
    ),
    "criteria": ("By criterion", "分评分项"),
    "criteria_note": (
        "What the judge was asked about each answer; what is only yes or no is shown as a rate.",
        "评审针对每个回答的评分项；是非项以比率显示。",
    ),
    "value": ("Quality against price", "质量与价格"),
    "value_time": ("Quality against speed", "质量与速度"),
    "value_note": (
        "Up is better, left is {cheap}. No model beats those on the line in both at once.",
        "越高越好，越左越{cheap}。连线上的模型没有在两方面同时被超越。",
    ),
    "cheaper": ("cheaper", "便宜"),
    "quicker": ("quicker", "快"),
    "cost_axis": ("USD per question", "每题成本（美元）"),
    "time_axis": ("median seconds per answer", "每个回答的中位秒数"),
    "speed": ("Speed", "速度"),
    "speed_note": (
        "As measured while the answers were made. Different kinds of load are not comparable.",
        "生成回答时实测。不同负载类型之间不可比较。",
    ),
    "ttft": ("First token", "首字延迟"),
    "latency": ("Median answer", "回答中位耗时"),
    "tokens": ("Tokens/s", "词元/秒"),
    "load": ("Load", "负载"),
    "judges": ("How the judges behaved", "评审表现"),
    "judges_note": (
        "Brackets are 95% intervals clustered by question. A fair judge prefers neither seat (50%) and says the same "
        "when the answers change places.",
        "方括号为按问题聚类的 95% 区间。公正的评审不偏向任何位置（50%），交换位置后结论不变。",
    ),
    "judge": ("Judge", "评审"),
    "replies": ("Rows", "条数"),
    "consistent": ("Same winner in both orders", "两种顺序结论一致"),
    "first_slot": ("First seat wins", "先展示者得胜"),
    "ties": ("Ties", "平局"),
    "no_verdict": ("No verdict", "无结论"),
    "failed": ("Failed calls", "调用失败"),
    "two_judges": ("Two judges", "两位评审"),
    "same_winner": ("Same winner", "结论一致"),
    "kappa": ("Cohen’s κ", "Cohen κ"),
    "one_order": ("not measured", "未测量"),
    "sample": ("Read some battles", "对战抽样"),
    "sample_scores": ("Read some answers", "回答抽样"),
    "sample_note": (
        "{n} of {total}: each pair in turn, drawn by a hash of its question and not by its result. Everything a model "
        "wrote is shown as plain text.",
        "共 {total} 场中的 {n} 场：各对模型轮流抽取，按问题的哈希而非结果抽样。模型所写内容一律以纯文本显示。",
    ),
    "sample_all": (
        "All {total}. Everything a model wrote is shown as plain text.",
        "共 {total} 场，全部收录。模型所写内容一律以纯文本显示。",
    ),
    "search": ("Search questions, answers, explanations", "搜索问题、回答、评语"),
    "any_model": ("Any model", "全部模型"),
    "any_category": ("Any category", "全部类别"),
    "any_result": ("Any result", "全部结果"),
    "disagree": ("Orders or judges disagree", "顺序或评审不一致"),
    "tie": ("Tie", "平局"),
    "undecided": ("No verdict", "无结论"),
    "decided": ("Somebody won", "已分胜负"),
    "found": ("shown", "条"),
    "more": ("Show more", "显示更多"),
    "question": ("Question", "问题"),
    "turn": ("Turn", "轮次"),
    "reference": ("Reference answer", "参考答案"),
    "verdicts": ("Verdicts", "评审意见"),
    "shown_first": ("shown first", "先展示"),
    "winner": ("Winner", "胜者"),
    "no_text": ("(no text)", "（无文本）"),
    "empty": ("Nothing matches.", "没有匹配项。"),
    "needs_script": ("Searching needs JavaScript; the tables above do not.", "搜索需要 JavaScript，上方表格不需要。"),
    "method": ("Method and provenance", "方法与来源"),
    "mode": ("Mode", "模式"),
    "mode_single": ("every answer scored by itself", "逐个回答打分"),
    "mode_pairwise": ("every pair of models compared", "所有模型两两对比"),
    "mode_pairwise_baseline": ("every model compared with the baseline", "所有模型与基线对比"),
    "ranked_by": ("Ranked by", "排名依据"),
    "anchor": ("Scale", "标度"),
    "anchor_mean": ("mean 1000 in each connected group", "每个连通组均值 1000"),
    "anchor_at": ("{model} stands at {rating}", "{model} 固定为 {rating}"),
    "bt": (
        "Bradley–Terry on the Elo scale: 400 points are odds of 10 to 1",
        "Elo 标度的 Bradley–Terry：400 分对应 10:1 的胜负比",
    ),
    "elo_method": ("online Elo, averaged over seeded orders", "在线 Elo，对多个固定顺序取平均"),
    "win_rate_method": ("mean outcome, a tie counting half", "平均结果，平局计半"),
    "score_method": ("mean score over questions", "各题平均得分"),
    "prompts": ("Prompts", "提示词"),
    "seed": ("Seed", "随机种子"),
    "inputs": ("Inputs (sha256)", "输入（sha256）"),
    "config": ("Configuration", "配置"),
    "version": ("Made with", "生成工具"),
    "notes": ("Worth knowing", "须知"),
}


def words(language: Language) -> Words:
    """The page's words in one language."""
    place = 0 if language == "en" else 1
    return {key: pair[place] for key, pair in _WORDS.items()}
