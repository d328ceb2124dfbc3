"""The code in verdicts and fences."""

from __future__ import annotations

import hashlib
import hmac

from arena.nonce import make_nonce


def test_nonce_is_12_hex_digits_of_the_hmac_of_the_question_id() -> None:
    expected = hmac.new(b"salt", b"q-1", hashlib.sha256).hexdigest()[:12]
    assert make_nonce(b"salt", "q-1") == expected
    assert len(expected) == 12


def test_nonce_changes_with_question_and_salt() -> None:
    nonces = {make_nonce(salt, question) for salt in (b"a", b"b") for question in ("1", "2", "中文", "\ud800")}
    assert len(nonces) == 8
