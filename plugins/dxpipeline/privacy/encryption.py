"""Encryption of whole files in the age format (age-encryption.org/v1), streamed and hashed on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import IO

import pyrage


class EncryptionError(Exception):
    """Bytes could not be encrypted, or what is to be opened is damaged or made for another key."""


class _Tap:
    """A stream that hashes what passes through it."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size) if self._stream else b""
        self._digest.update(content)
        return content

    def write(self, content: bytes) -> int:
        self._digest.update(content)
        return self._stream.write(content) if self._stream else len(content)

    def flush(self) -> None:
        if self._stream:
            self._stream.flush()


def encrypt(source: IO[bytes], target: IO[bytes], identity: pyrage.x25519.Identity) -> str:
    """Encrypt a stream for the holder of an identity, a few kilobytes at a time.

    Returns:
        The SHA-256 of the plain bytes, in hexadecimal.

    Raises:
        EncryptionError: The source cannot be read or the target cannot be written.
    """
    tap = _Tap(source)
    try:
        pyrage.encrypt_io(tap, target, [identity.to_public()])
    except (OSError, pyrage.EncryptError) as error:
        raise EncryptionError(str(error)) from None
    return tap.sha256


def decrypt(source: IO[bytes], target: IO[bytes] | None, identities: Sequence[pyrage.x25519.Identity]) -> str:
    """Decrypt a stream; every 64 KB are authenticated before they are passed on, and so is the end.

    Args:
        source: What `encrypt` or the program `age` wrote.
        target: Where the plain bytes go; None to learn their hash only.
        identities: Those that may open it.

    Returns:
        The SHA-256 of the plain bytes, in hexadecimal.

    Raises:
        EncryptionError: No identity fits, a byte is not as it was written, or the target cannot be written.
    """
    tap = _Tap(target)
    try:
        pyrage.decrypt_io(source, tap, list(identities))
    except (OSError, pyrage.DecryptError) as error:
        raise EncryptionError(str(error)) from None
    return tap.sha256
