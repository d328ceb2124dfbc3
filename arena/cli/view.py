"""`arena view`."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import click

from arena.cli.options import dry_run_option
from arena.cli.terminal import say

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command()
@click.argument("battles", nargs=-1, type=click.Path(path_type=Path))
@click.option("-c", "--config", "--c", "config", metavar="CFG", help="Config file, or the name of a shipped one.")
@click.option("--review-file", type=click.Path(path_type=Path), help="The same as BATTLES.")
@click.option("--category-file", type=click.Path(path_type=Path), help="Groups of categories (YAML).")
@click.option("--question-file", type=click.Path(path_type=Path), help="Questions, for a battles file of ours.")
@click.option("--other", "others", multiple=True, metavar="CFG|DIR", help="Another board, for the page Runs.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; see --public.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: 8501, or the next free one.")
@click.option("--public", is_flag=True, help="Allow a --host that others can reach. There is no login.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="With --public: a host name in the address bar.")
@dry_run_option
def view(
    battles: tuple[Path, ...], config: str | None, review_file: Path | None, category_file: Path | None,
    question_file: Path | None, others: tuple[str, ...], host: str, port: int, public: bool, names: tuple[str, ...],
    dry_run: str | None,
) -> None:  # fmt: skip
    """The viewer, in the browser: leaderboard, battles, match-ups, judge health, blind votes.

    Shows the board of a config, or a battle file: ours or one of llmuses as it is, any other that `arena rate` reads
    as a board without texts. Several files, a folder or a quoted pattern are shown as one.
    """
    from arena.cli.shorter import board_root, warn_of_shorter
    from arena.store.folder import BoardFolder

    if [config is not None, review_file is not None, bool(battles)].count(True) != 1:
        raise click.UsageError("give either -c CFG or battle files")
    files = _files(battles) if battles else (review_file,) if review_file is not None else ()
    if host not in LOOPBACK and not public:
        raise click.UsageError(f"--host {host}: others could reach it and there is no login; add --public to allow it")
    for path in (*files, category_file, question_file):
        if path is not None and not path.is_file() and str(path) != "-":
            raise click.UsageError(f"{path}: no such file")
    options = _of_config(config, dry_run) if config is not None else _of_files(files)
    for option, path in (("--category-file", category_file), ("--question-file", question_file)):
        if path is not None:
            options.setdefault(option, path.absolute())
    arguments = [f"{option}={value}" for option, value in options.items()]  # a value may begin with a dash
    for other in others:
        folder = _folder_of(other)
        arguments.append(f"--other-board={folder}")
        warn_of_shorter([BoardFolder(folder)])
    for path in files:
        if (root := board_root(path.absolute())) is not None:
            warn_of_shorter([BoardFolder(root)])
    if port and (refusal := _taken(host, port)):
        raise click.UsageError(f"--port {port}: {refusal}; without --port the next free one is taken")
    _start(arguments, host, port or _free_port(host), [host, *names] if public else [])


def _of_config(name: str, dry_run: str | None) -> dict[str, str | Path]:
    """The viewer's options for the board of a config."""
    from arena.cli.shorter import warn_of_shorter
    from arena.config.loading import load_config
    from arena.errors import InputError
    from arena.store.folder import BoardFolder

    loaded = load_config(name)
    config = loaded.config
    folder = BoardFolder(config.output_dir)
    shown = folder.dry_run if dry_run else folder
    if not shown.root.is_dir():
        again = f"arena run -c {name}" + (" --dry-run" if dry_run else "")
        raise InputError(f"{shown.root}: nothing has been run there yet; {again} fills it")
    warn_of_shorter(dict.fromkeys((folder, shown) if dry_run == "judge" else (shown,)))
    options: dict[str, str | Path | None] = {
        "--board": shown.root, "--question-file": config.question_file, "--title": _title(name),
        "--config": loaded.path.absolute(), "--answers-of": folder.root if dry_run == "judge" else None,
        "--category-file": config.category_file, "--reference-file": config.reviews_gen.reference_file,
    }  # fmt: skip
    return {option: value for option, value in options.items() if value is not None}


def _files(given: tuple[Path, ...]) -> tuple[Path, ...]:
    from arena.battles.read.several import files_of

    return files_of(given)


def _of_files(files: tuple[Path, ...]) -> dict[str, str | Path]:
    """A file of ours or of llmuses as it is; others are rated first and laid out as a board without texts.

    Raises DataError or InputError where they cannot be shown: before a server starts.
    """
    if len(files) == 1 and _has_texts(files[0]):
        return {"--review-file": files[0]}
    from arena.battles.read.wanted import Wanted
    from arena.ratings import RatingOptions
    from arena.stages.rate_file import rate_files, write_board_of

    rated = rate_files(files, RatingOptions(), Wanted())
    folder = _folder_for(files)
    write_board_of(folder, rated)
    return {"--board": folder, "--title": rated.title}


def _has_texts(path: Path) -> bool:
    """Whether the viewer reads a file by itself: one that says what each verdict was, or an empty one."""
    from arena.errors import DataError
    from arena.files import read_objects
    from arena.tables import is_lines

    if str(path) == "-" or not is_lines(path) or path.suffix.lower() in (".gz", ".json"):
        return False
    try:
        first = next((line for _, line in read_objects(path)), None)
    except DataError:
        return False
    return first is None or isinstance(first.get("verdicts"), list) or {"win", "model_a"} <= first.keys()


def _folder_for(files: tuple[Path, ...]) -> Path:
    """Where the board of files lies while it is looked at: the same folder every time, in this user's cache."""
    import hashlib
    import tempfile

    name = hashlib.sha256(
        "\n".join(str(path.resolve()) for path in files).encode("utf-8", "surrogateescape")
    ).hexdigest()[:24]
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "arena" / "boards" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="arena-"))
    return folder


def _title(config: str) -> str:
    """What a board is called: its config's name, or the folder's where that is called config."""
    path = Path(config).absolute()
    return path.parent.name if path.stem == "config" else path.stem.removeprefix("cfg_")


def _folder_of(board: str) -> Path:
    """A board's folder, or the output folder of a config."""
    from arena.config.loading import load_config

    return Path(board).absolute() if Path(board).is_dir() else load_config(board).config.output_dir


def _taken(host: str, port: int) -> str | None:
    """Why nobody can listen there; None where that is possible."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return f"cannot listen on {host}: {error.strerror or error}"
    return None


def _free_port(host: str) -> int:
    """8501 or the next port nobody listens on."""
    for port in range(8501, 8600):
        if _taken(host, port) is None:
            return port
    raise click.UsageError("no free port between 8501 and 8599; give one with --port")


def _start(arguments: list[str], host: str, port: int, hosts: list[str]) -> None:
    """Become the server. Raises MissingDependency when Streamlit is not installed."""
    from importlib.util import find_spec

    from arena.config.shipped import shipped
    from arena.errors import MissingDependency

    if find_spec("streamlit") is None:
        raise MissingDependency("the viewer needs Streamlit: pip install 'llm-arena[viz]'")
    options = {
        "server.address": host, "server.port": port, "server.headless": "true", "browser.gatherUsageStats": "false",
        "server.fileWatcherType": "none", "client.toolbarMode": "viewer", "server.enableAgentApi": "false",
        "runner.magicEnabled": "false",
    }  # fmt: skip
    command = [sys.executable, "-P", str(shipped("viz") / "serve.py"), "run", str(shipped("viz") / "app.py")]
    for name, value in options.items():
        command.append(f"--{name}={value}")
    command += [f"--server.allowedHosts={name}" for name in (*LOOPBACK, *hosts)]
    environment = {**os.environ, "ARENA_VIEW_HOSTS": ",".join(hosts)}
    say(f"arena: http://{f'[{host}]' if ':' in host else host}:{port}   (Ctrl-C ends it)")
    sys.stdout.flush()
    _become([*command, "--", *arguments], environment)


def _become(command: list[str], environment: dict[str, str]) -> None:
    """Replace this process, where the system can; elsewhere run it and pass its exit code on."""
    if os.name == "posix":
        os.execve(command[0], command, environment)  # noqa: S606 - our own interpreter
    import subprocess

    sys.exit(subprocess.call(command, env=environment))
