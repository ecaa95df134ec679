"""Keyed hashes of identifiers: equal values stay countable, and nobody without the key can try values out."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dxpipeline.privacy.blake2b import BLOCK_BYTES, HASH_BYTES, keyed_digests

MANY_TEXTS = 1000
"""From so many texts on, the program that hashes a column at once is faster than a loop over `hashlib`.

It takes some 10 ms and 17 MB to get ready, which a process that sees nothing but small files is spared.
"""


class KeyedHasher:
    """Hashes columns of text with blake2b under a secret key (RFC 7693, section 2.9).

    The column's name goes in as the personalisation, so that the same text in columns of two names has two
    hashes, while a column of one name can be joined across feeds.

    Args:
        key: The secret, 32 bytes.
        version: Version of the key, to be stored beside the hashes.
    """

    def __init__(self, key: bytes, version: int) -> None:
        """Remember the key; it is shown by nothing."""
        self._key = key
        self.version = version

    def hash_column(self, series: pl.Series) -> pl.Series:
        """Hash each text of a column.

        Args:
            series: A column of String; its name is that of the contract's column.

        Returns:
            A column of the same name of 16 bytes each, Array(UInt8, 16); null for null.

        Raises:
            RuntimeError: What hashes whole columns is not there or hashes otherwise than `hashlib`.
        """
        person = _person(series.name)
        if not series.has_nulls():
            return pl.Series(series.name, self._digests(series, person))
        digests = np.zeros((len(series), HASH_BYTES), dtype=np.uint8)
        digests[series.is_not_null().to_numpy()] = self._digests(series.drop_nulls(), person)
        return pl.Series(series.name, digests).set(series.is_null(), None)

    def _digests(self, texts: pl.Series, person: bytes) -> NDArray[np.uint8]:
        if len(texts) >= MANY_TEXTS:
            lengths = texts.str.len_bytes().to_numpy()
            if lengths.all() and lengths.max() <= BLOCK_BYTES:
                joined: bytes = texts.str.join("").cast(pl.Binary).item()
                return keyed_digests(joined, lengths.astype(np.uint8), self._key, person)
        # Few texts, or one that is empty or long, which no identifier is. Copying a hasher that has taken its
        # key takes three quarters of the time of making each anew.
        fresh = hashlib.blake2b(digest_size=HASH_BYTES, key=self._key, person=person).copy
        digests = bytearray()
        for text in texts.cast(pl.Binary).to_list():
            hasher = fresh()
            hasher.update(text)
            digests += hasher.digest()
        return np.frombuffer(digests, dtype=np.uint8).reshape(-1, HASH_BYTES)


def _person(name: str) -> bytes:
    """Return at most 16 bytes that stand for a column's name and for no other's."""
    encoded = name.encode()
    limit = hashlib.blake2b.PERSON_SIZE
    return encoded if len(encoded) <= limit else hashlib.blake2b(encoded, digest_size=limit).digest()
