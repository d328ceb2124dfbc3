"""Texts whose likelihood is asked for: from JSON lines, a table, or a text file that is one document."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from arena.errors import DataError
from arena.tables import read_rows


class Document(NamedTuple):
    """One text."""

    doc_id: str
    text: str
    category: str = ""

    @property
    def size(self) -> int:
        """Bytes in UTF-8."""
        return len(self.text.encode("utf-8", "replace"))


def read_documents(path: Path) -> list[Document]:
    """Every document, in the order of the file. Raises DataError naming what is wrong."""
    if not path.is_file():
        raise DataError(f"scores.perplexity.file: {path}: no such file")
    if path.suffix.lower() in {".txt", ".md"}:
        try:
            found = [Document(path.name, path.read_text(encoding="utf-8"))]
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: not UTF-8: {error}") from None
    else:
        found = []
        for number, (place, row) in enumerate(read_rows(path, ("doc_id", "id", "text", "category")), start=1):
            text = row.get("text")
            if not isinstance(text, str):
                raise DataError(f"{place}: needs text, found {text!r:.80}")
            doc_id = next((row[name] for name in ("doc_id", "id") if row.get(name) is not None), number)
            found.append(Document(str(doc_id), text, str(row.get("category") or "")))
    if empty := next((document.doc_id for document in found if not document.text.strip()), None):
        raise DataError(f"{path}: document {empty} is empty")
    if not found:
        raise DataError(f"{path}: no documents in it (one JSON object per line, with text)")
    times = Counter(document.doc_id for document in found)
    if twice := next((doc_id for doc_id, n in times.items() if n > 1), None):
        raise DataError(f"{path}: doc_id {twice} stands there twice")
    return found
