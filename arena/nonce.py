"""The code that a verdict and the fences around an answer carry, and that no answer can know."""

from __future__ import annotations

import hashlib
import hmac

NONCE_LENGTH = 12


def make_nonce(salt: bytes, question_id: str) -> str:
    """12 hex digits from the board's salt and the question: the same for every battle over that question.

    It depends on nothing else, so that requests about one question share the start of their prompt.
    """
    message = question_id.encode("utf-8", "surrogatepass")
    return hmac.new(salt, message, hashlib.sha256).hexdigest()[:NONCE_LENGTH]
