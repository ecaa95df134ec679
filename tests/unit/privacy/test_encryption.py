"""Encryption of streams: what comes out is what went in, or nothing is believed."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxpipeline.privacy.encryption import EncryptionError, decrypt, encrypt

IDENTITY = pyrage.x25519.Identity.generate()
STRANGER = pyrage.x25519.Identity.generate()


def encrypted(content: bytes) -> bytes:
    target = io.BytesIO()
    assert encrypt(io.BytesIO(content), target, IDENTITY) == hashlib.sha256(content).hexdigest()
    return target.getvalue()


SECRET = bytes(range(256)) * 600
SEALED = encrypted(SECRET)


@given(st.binary(max_size=200_000))
def test_bytes_come_back_as_they_were_with_their_hash(content: bytes) -> None:
    target = io.BytesIO()
    found = decrypt(io.BytesIO(encrypted(content)), target, [STRANGER, IDENTITY])
    assert target.getvalue() == content
    assert found == hashlib.sha256(content).hexdigest()


def test_the_hash_can_be_had_without_the_bytes() -> None:
    assert decrypt(io.BytesIO(SEALED), None, [IDENTITY]) == hashlib.sha256(SECRET).hexdigest()


def test_the_format_is_that_of_age_and_the_same_bytes_look_different_each_time() -> None:
    assert SEALED.startswith(b"age-encryption.org/v1\n-> X25519 ")
    assert encrypted(SECRET) != SEALED
    assert SECRET[:32] not in SEALED


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_one_changed_byte_is_noticed_wherever_it_is(at: int, change: int) -> None:
    changed = SEALED[:at] + bytes([SEALED[at] ^ change]) + SEALED[at + 1 :]
    with pytest.raises(EncryptionError):
        decrypt(io.BytesIO(changed), None, [IDENTITY])


@given(st.integers(0, len(SEALED) - 1))
def test_a_missing_end_is_noticed_wherever_it_begins(length: int) -> None:
    with pytest.raises(EncryptionError):
        decrypt(io.BytesIO(SEALED[:length]), None, [IDENTITY])


def test_bytes_behind_the_end_and_another_key_are_noticed() -> None:
    for content, identities in ((SEALED + b"x", [IDENTITY]), (SEALED, [STRANGER]), (SEALED, [])):
        with pytest.raises(EncryptionError):
            decrypt(io.BytesIO(content), None, identities)


def test_a_stream_that_fails_on_the_way_is_told(tmp_path: Path) -> None:
    class Full(io.RawIOBase):
        def write(self, _: Any) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(EncryptionError, match="No space left on device"):
        encrypt(io.BytesIO(SECRET), Full(), IDENTITY)  # type: ignore[arg-type]
    with pytest.raises(EncryptionError):
        decrypt(io.BytesIO(SEALED), Full(), [IDENTITY])  # type: ignore[arg-type]
