"""A stand-in for the hub on this machine: data sets as folders, served as its client asks for them."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

COMMIT = "a" * 40
PLACE = re.compile(r"(?:/api)?/datasets/(\w+/\w+)(?:/(revision|tree|resolve)/[^/?]+)?/?([^?]*)")


class Hub:
    """Serves `root/OWNER/NAME` for as long as it is entered; `environment` leads the client there."""

    def __init__(self, root: Path) -> None:
        self.asked: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.asked.append(self.path)
                code, body, headers = answer(root, self.path)
                self.send_response(code)
                for name, value in (headers | {"Content-Length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *ignored: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        url = f"http://127.0.0.1:{self._server.server_port}"
        self.environment = {"HF_ENDPOINT": url, "HF_HOME": str(root / "home"), "HF_HUB_OFFLINE": "0"}

    def __enter__(self) -> Hub:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


def answer(root: Path, path: str) -> tuple[int, bytes, Mapping[str, str]]:
    """Status, body and headers for one request of the client."""
    asked = PLACE.match(path)
    if asked is None or not (repository := root / asked[1]).is_dir():
        return 404, b"{}", {"X-Error-Code": "RepoNotFound"}
    place = repository / asked[3]
    if asked[2] == "resolve" and place.is_file():
        content = place.read_bytes()
        return 200, content, {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
    if asked[2] == "tree" and place.is_dir():
        return 200, json.dumps([entry(repository, found) for found in place.iterdir()]).encode(), {}
    if asked[2] in (None, "revision"):
        files = [{"rfilename": str(f.relative_to(repository))} for f in repository.rglob("*") if f.is_file()]
        about = {"id": asked[1], "sha": COMMIT, "private": False, "gated": False, "disabled": False, "tags": [],
                 "downloads": 0, "likes": 0, "siblings": files}  # fmt: skip
        return 200, json.dumps(about).encode(), {}
    return 404, b"{}", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}


def entry(repository: Path, found: Path) -> dict[str, Any]:
    where = {"path": str(found.relative_to(repository)), "oid": "b" * 40}
    return where | ({"type": "directory"} if found.is_dir() else {"type": "file", "size": found.stat().st_size})
