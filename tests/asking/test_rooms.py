"""Entries that name one server without a key share its room."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import Action, Call, FakeServer, Say

from arena.asking.control import Rooms
from arena.config.kinds import BackendConfig, OpenAIConfig


def entry(url: str | None, concurrency: int = 16, key: str | None = None) -> OpenAIConfig:
    fields = {"backend": "openai", "base_url": url, "api_key_env": key, "concurrency": concurrency}
    return OpenAIConfig.model_validate(fields)


LOCAL = "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("entries", "room"),
    [
        ([entry(LOCAL, 16), entry(LOCAL + "/", 3)], 3),
        ([entry(LOCAL, 16)], None),
        ([entry(LOCAL, 16), entry("http://127.0.0.1:2/v1", 3)], None),
        ([entry(LOCAL, 16), entry(LOCAL, 3, key="SOME_KEY")], None),
        ([entry(None, 16), entry(None, 3)], None),
    ],
)
def test_the_room_is_the_smallest_limit_of_those_who_share_it(entries: list[BackendConfig], room: int | None) -> None:
    rooms = Rooms(entries)
    found = rooms.of(entries[0])
    assert getattr(found, "_value", None) == room
    assert room is None or found is rooms.of(entries[1])


@pytest.mark.slow
def test_two_candidates_on_one_server_ask_no_more_at_once_than_the_smaller_limit(tmp_path: Path) -> None:
    def slow(call: Call) -> Action:
        return Say("It is 7.", latency_s=0.02)

    with FakeServer(slow) as server:
        shared = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        config = arithmetic_board(tmp_path, 12)
        models = {name: shared | {"model": name, "concurrency": n} for name, n in {"half": 2, "right": 16}.items()}
        edit_config(config, answers_gen=models)
        assert arena("run", "-c", config, "--stage", "answers").returncode == 0
    assert len(server.calls) == 24
    assert server.most_in_flight == 2


def test_judges_on_one_server_share_too(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        judge = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        judges = {"a": judge | {"concurrency": 1}, "b": judge | {"concurrency": 16}}
        assert arena("run", "-c", arithmetic_board(tmp_path, 4, judges=judges)).returncode == 0
    assert server.most_in_flight == 1
