"""The words of pages about runs in Chinese: a run while it runs, two runs, and load tests."""

from __future__ import annotations

OF_RUNS: dict[str, str] = {
    # live
    "A single battles file has no run to watch.": "单个对战文件没有可查看的运行。",
    "No run has been recorded here yet. This page follows one as soon as it starts.": (
        "这里还没有运行记录。运行开始后本页会自动跟踪。"
    ),
    "running": "运行中",
    "done": "已完成",
    "stopped": "已停止",
    "interrupted": "已中断",
    "ended without a word {s} ago: killed, or the machine went down": "{s} 前无故终止：进程被杀或机器宕机",
    "Time left": "剩余时间",
    "Spent": "已花费",
    "Some calls have no known price.": "部分调用价格未知。",
    "Errors": "错误",
    "Answers": "回答",
    "Reviews": "评判",
    "Progress": "进度",
    "Done": "完成",
    "Planned": "计划",
    "Stored before": "先前已存",
    "Still reading what was judged before this page was opened.": "正在读取本页打开之前的评判。",
    "Provisional": "临时结果",
    "{n} replies read, {all} are planned.": "已读取 {n} 条回复，计划 {all} 条。",
    "Rated: {n} battles judged in full. Left out: {part} judged in part.": (
        "已评：{n} 场完整判定的对战。未计入：{part} 场部分判定的对战。"
    ),
    "Ties of identical answers are not in yet. A reply that several battles share counts once.": (
        "相同回答的平局尚未计入，多场对战共用的回复只计一次。"
    ),
    "A verdict on an answer that has changed counts until the new one is judged.": (
        "回答改变后，旧判定在重新评判前仍计入。"
    ),
    "No verdict yet.": "尚无判定。",
    "Notes of the run ({n})": "运行备注（{n}）",
    "Latest replies without a verdict": "最近没有判定的回复",
    "What came back": "返回内容",
    # runs
    "A single battles file has no board to compare.": "单个对战文件没有可比较的榜。",
    "There is no other board beside this one. `arena view --other` adds one from anywhere.": (
        "旁边没有其他榜。可用 `arena view --other` 添加任意位置的榜。"
    ),
    "This board": "此榜",
    "compared with": "对比",
    "One of these boards is a rehearsal: its numbers are invented.": "其中一个榜是演练：数字是虚构的。",
    "Models on both": "共有模型",
    "Same order (Kendall's τ)": "排序一致性（Kendall τ）",
    "Battles on both": "共有对战",
    "only before": "仅在之前",
    "only now": "仅在现在",
    "The two boards share no model.": "两个榜没有共同模型。",
    "“Apart” means that the two intervals do not meet.": "“分离”表示两个区间不相交。",
    "Moved": "变动",
    "Rating before": "之前评分",
    "Rating now": "现在评分",
    "Change": "变化",
    "Apart": "分离",
    "Battles that changed hands: {n}": "胜者改变的对战：{n}",
    "Before": "之前",
    "Now": "现在",
    "Answers changed": "回答已变",
    "The first {n} are shown; `arena diff --json` lists all.": "仅显示前 {n} 场；`arena diff --json` 可列出全部。",
    # load tests
    "Load tests": "负载测试",
    "A single battles file has no load tests.": "单个对战文件不含负载测试。",
    "No load test yet: `arena load` measures how fast the models serve.": (
        "尚无负载测试：`arena load` 可测量各模型的服务速度。"
    ),
    "Run": "运行",
    "newest of each model": "各模型最近一次",
    "Time to first token": "首词元时间",
    "Time per output token": "每输出词元时间",
    "Inter-token latency": "词元间延迟",
    "Of the requests": "请求的",
    "Latency against throughput": "延迟与吞吐量",
    "Output tokens per second": "每秒输出词元",
    "Requests per second": "每秒请求",
    "Levels": "负载级别",
    "Level": "负载",
    "Replies": "回复",
    "Requests/s": "请求/秒",
    "Tokens/s": "词元/秒",
    "Latency p50": "延迟 p50",
    "Latency p99": "延迟 p99",
    "Per token p50": "每词元 p50",
    "Within SLO": "SLO 达标",
    "USD per million tokens": "每百万词元（美元）",
    "Percentiles": "百分位",
    "Mean": "均值",
    "95 % intervals in [ ]; – where there is too little data for an end.": (
        "[ ] 内为 95 % 区间；– 表示数据不足以给出该端。"
    ),
    "Over time": "随时间变化",
    "Seconds of the test": "测试时间（秒）",
    "Requests under way": "进行中的请求",
    "Median latency under load, {level}, seconds": "负载下延迟中位数，{level}（秒）",
    "Under load": "负载下",
    "Not all were tested with the same settings: compare with care.": "各模型的测试设置不完全相同：比较时请留意。",
}
