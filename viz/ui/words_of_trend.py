"""The interface in Chinese, as `viz.ui.words`: boards in time."""

from __future__ import annotations

OF_TREND: dict[str, str] = {
    "Over time": "随时间变化",
    "Boards": "排行榜",
    "all of them, the earliest first": "全部，从最早开始",
    "There is no other board of this kind beside this one. `arena view --other` adds one from anywhere.": (
        "旁边没有其他同类的榜。可用 `arena view --other` 添加任意位置的榜。"
    ),
    "Give the boards' folders names in their order: not all of them say when they were made.": (
        "并非所有榜都记录了生成时间：请按先后顺序命名其文件夹。"
    ),
    "The first {n} models are drawn; the table has all.": "仅绘出前 {n} 个模型；表格包含全部。",
}
