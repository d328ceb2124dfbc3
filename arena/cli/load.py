"""`arena load`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arena.cli.options import FiniteRange, budget_option, names
from arena.cli.terminal import say, say_json

if TYPE_CHECKING:
    from arena.config.load_test import LoadTestConfig
    from arena.config.loading import LoadedConfig
    from arena.load.folder import Run
    from arena.load.measure import LoadTest
    from arena.load.plan import LoadPlan
    from arena.types import JSON


@click.command()
@click.option("-c", "--config", "--c", "config", metavar="CFG", help="Config file: its candidates and its `load_test`.")
@click.option("--models", metavar="A,B", help="Only these candidates.")
@click.option("--url", metavar="URL", help="An endpoint that no config names; with --model.")
@click.option("--model", metavar="M", help="The model's name there.")
@click.option("--api", type=click.Choice(["chat", "completions", "responses", "anthropic"]), default=None,
              help="What the endpoint at --url speaks; default: chat.")  # fmt: skip
@click.option(
    "--api-key-env", metavar="VAR", help="With --url: the environment variable with the key; default: no key."
)
@click.option("--concurrency", metavar="N,N", help="Closed loop: so many requests at once, level by level.")
@click.option("--rate", metavar="R,R", help="Open loop: so many requests a second (Poisson), whatever comes back.")
@click.option("--requests", type=click.IntRange(1), metavar="N", help="Per level.")
@click.option("--duration", "duration_s", type=FiniteRange(0, min_open=True), metavar="S",
              help="Seconds per level, in place of --requests.")  # fmt: skip
@click.option("--repeat", type=click.IntRange(1, 1000), metavar="N",
              help="Runs of each level; from 5 on, intervals are over runs.")  # fmt: skip
@click.option("--find-limit", is_flag=True, default=None, help="Search the largest rate that keeps the SLO.")
@click.option(
    "--slo", metavar="TIME=S,..", help="What a request must keep: ttft_s=0.5,tpot_s=0.05,latency_s=10,share=0.99."
)
@click.option("--max-tokens", type=click.IntRange(1), metavar="N", help="Of a reply.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Default: load/ in the board's folder, with --url ./load/.")  # fmt: skip
@click.option("--resume", metavar="RUN", help="Repeat the levels that this run did not finish.")
@click.option("--against", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Compare with the last run of another load.json, or FILE:RUN.")  # fmt: skip
@budget_option
@click.option("--yes", is_flag=True, help="Do not ask before anything is sent.")
@click.option("--dry-run", is_flag=True, help="Show the plan alone.")
@click.option("--json", "as_json", is_flag=True, help="The run's summary as JSON, as load.json has it.")
@click.option("--markdown", is_flag=True, help="The table in Markdown.")
def load(
    config: str | None, models: str | None, url: str | None, model: str | None, api: str | None,
    api_key_env: str | None, concurrency: str | None, rate: str | None, requests: int | None,
    duration_s: float | None, repeat: int | None, find_limit: bool | None, slo: str | None,
    max_tokens: int | None, out: Path | None, resume: str | None, against: Path | None,
    budget_usd: float | None, yes: bool, dry_run: bool, as_json: bool, markdown: bool,
) -> int:  # fmt: skip
    """How fast endpoints serve: time to first token, time per token, latency and throughput, level by level.

    Sends what it shows first. Nothing is retried; failures are counted.
    """
    from arena.cli.load_table import approve, print_changes, print_markdown, print_plan, print_run
    from arena.load.compare import changes, in_common

    if (config is None) == (url is None):
        raise click.UsageError("give a config (-c CFG) or an endpoint (--url URL --model M)")
    if (url is None) != (model is None):
        raise click.UsageError("--url goes with --model")
    if url is None and (api or api_key_env):
        raise click.UsageError("--api and --api-key-env go with --url; a config's entries have their own")
    if url is not None and models is not None:
        raise click.UsageError("--models goes with -c; an endpoint at --url has --model")
    other: Run | None = None if against is None else _run_of(against)
    changed: dict[str, object] = {
        "concurrency": _numbers(concurrency, "--concurrency"), "rate": _numbers(rate, "--rate"),
        "requests": requests, "duration_s": duration_s, "repeat": repeat, "max_tokens": max_tokens,
        "find_limit": find_limit, "slo": _slo(slo),
    }  # fmt: skip
    test, plan = _prepared(config, names(models), (url, model, api, api_key_env), changed, out, resume, budget_usd)
    if other is not None and not test.settings.find_limit:
        in_common(other, _planned(test))
    if dry_run:
        print_plan(plan, sys.stdout)
        return 0
    approve(plan, ask=not yes)
    code = _sent(test)
    if as_json:
        from arena.files import round_floats, to_json

        say_json(to_json(round_floats(test.run), indent=True))
    elif markdown:
        print_markdown(test.run)
    else:
        print_run(test.run)
    if other is not None:
        print_changes(changes(other, test.run), sys.stderr if as_json else sys.stdout)
    return code


def _sent(test: LoadTest) -> int:
    """Send it; the exit code."""
    from arena.asking.interruption import Interruption
    from arena.load.measure import measure, stored_at

    measure(test, lambda: Interruption(test.progress))
    for problem in dict.fromkeys(test.problems):
        say(f"arena: {problem}", err=True)
    if not test.run["complete"]:
        say(f"not finished; what came back is stored. Go on with --resume {test.run['run']}", err=True)
    for path in stored_at(test):
        say(f"{path}", err=True)
    return 130 if test.interrupted else 3 if test.problems else 0


def _planned(test: LoadTest) -> Run:
    """The levels that a load test will have, as the run will tell them."""
    levels: list[JSON] = [
        {"arrival": level.arrival, "value": level.value, "titled": level.titled} for level in test.levels
    ]
    return {"run": test.run["run"], "models": {target.name: {"levels": levels} for target in test.targets}}


def _prepared(
    config: str | None, models: tuple[str, ...] | None,
    endpoint: tuple[str | None, str | None, str | None, str | None], changed: dict[str, object], out: Path | None,
    resume: str | None, budget_usd: float | None,
) -> tuple[LoadTest, LoadPlan]:  # fmt: skip
    """The load test that a command line means. Raises InputError before anything is sent or written."""
    from datetime import UTC, datetime
    from typing import cast

    from arena.cli.load_progress import LoadLines
    from arena.config.load_test import LoadTestConfig
    from arena.config.loading import load_config
    from arena.errors import InputError
    from arena.load.folder import LoadFolder, run_name, settings_code
    from arena.load.levels import levels_of
    from arena.load.measure import LoadTest
    from arena.load.plan import make_plan
    from arena.load.prompts import prompts_of
    from arena.load.targets import Api, target_at, targets_of

    loaded: LoadedConfig | None = None if config is None else load_config(config)
    section = LoadTestConfig() if loaded is None else loaded.config.load_test
    settings = _changed(section, changed)
    seed = 0 if loaded is None else loaded.config.seed
    if loaded is None:
        url, model, api, key = endpoint
        assert url is not None and model is not None
        targets = [target_at(url, model, cast("Api", api or "chat"), key)]
        root = out or Path("load")
    else:
        targets = targets_of(loaded.config.answers_gen, models, settings.candidates)
        root = out or loaded.config.output_dir / "load"
    for target in targets:
        if budget_usd is not None and target.entry.token_price is None and target.local is None:
            raise InputError(
                f"{target.role}.{target.name}.price: missing; --budget-usd needs it (USD per million tokens)"
            )
        target.check()
    questions = None if loaded is None else loaded.config.question_file
    prompts = [
        prompts_of(settings, questions, target.entry.generation_config.sampling(), target.entry.system, seed)
        for target in targets
    ]
    levels = levels_of(settings)
    told = settings.model_dump(mode="json") | {"seed": seed, "targets": [[t.name, t.url, t.api] for t in targets]}
    folder = LoadFolder(root)
    started = datetime.now(UTC)
    if resume is None:
        run: Run = {"run": run_name(started, told), "started": started.isoformat("T", "seconds"), "complete": False,
               "settings": told, "connections": "kept alive", "models": {}}  # fmt: skip
    else:
        run = folder.run(resume)
        if not resume.endswith(f"-{settings_code(told)}"):
            raise InputError(f"--resume {resume}: the settings or endpoints are others by now; start a new run")
    test = LoadTest(folder, targets, levels, prompts, settings, seed, run, LoadLines(), budget_usd)
    return test, make_plan(targets, levels, prompts, settings, seed)


def _changed(section: LoadTestConfig, changed: dict[str, object]) -> LoadTestConfig:
    """The section with what the command line says in its place. Raises InputError where that does not go together."""
    from pydantic import ValidationError

    from arena.config.load_test import LoadTestConfig
    from arena.errors import InputError

    given = {name: value for name, value in changed.items() if value is not None}
    if {"concurrency", "rate"} <= given.keys():
        raise click.UsageError("either --concurrency (a closed loop) or --rate (an open one)")
    if {"requests", "duration_s"} <= given.keys():
        raise click.UsageError("either --requests or --duration")
    values = section.model_dump() | given
    if "requests" in given or "duration_s" in given:
        values |= {name: None for name in ("requests", "duration_s") if name not in given}
    if "concurrency" in given:
        values |= {"arrival": "closed", "trace": None}
    if "concurrency" in given and "find_limit" in given:
        raise click.UsageError("--find-limit searches over rates; it does not go with --concurrency")
    if "rate" in given or (given.get("find_limit") and section.arrival == "closed"):
        values |= {"arrival": "constant" if section.arrival == "constant" else "poisson", "trace": None}
    try:
        return LoadTestConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(["load_test", *(str(part) for part in first["loc"])])
        raise InputError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None


def _numbers(text: str | None, option: str) -> tuple[float, ...] | None:
    """A list of numbers with commas between them."""
    if text is None:
        return None
    try:
        found = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        found = ()
    whole = option == "--concurrency"
    if not found or not all(0 < one < 1e6 and (one.is_integer() or not whole) for one in found):
        raise click.UsageError(f"{option}: expected numbers like 1,4,16, found {text!r}")
    return tuple(int(one) for one in found) if whole else found


def _slo(text: str | None) -> dict[str, float] | None:
    """`ttft_s=0.5,share=0.99` as the config's `slo` has it."""
    if text is None:
        return None
    found = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise click.UsageError(f"--slo: expected TIME=SECONDS like ttft_s=0.5, found {part!r}") from None
    known = ("ttft_s", "tpot_s", "latency_s", "share")
    if unknown := [name for name in found if name not in known]:
        raise click.UsageError(f"--slo: no {unknown[0]!r} (have: {', '.join(known)})")
    return found


def _run_of(against: Path) -> Run:
    """The run that --against names. Raises DataError, and InputError for a run that is not in the file."""
    from arena.errors import InputError
    from arena.load.compare import has_levels
    from arena.load.folder import LoadFolder, read_runs

    if not against.exists() and ":" in against.name:
        file, _, run = str(against).rpartition(":")
        return LoadFolder(Path(file).parent).run(run)
    measured = [run for run in read_runs(against) if has_levels(run)]
    if not measured:
        raise InputError(f"{against}: no run in it that measured a level")
    return measured[-1]
