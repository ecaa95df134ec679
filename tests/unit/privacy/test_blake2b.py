"""The program that hashes a whole column: what it returns is what the standard library returns."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxpipeline.privacy import blake2b, webassembly
from dxpipeline.privacy.blake2b import BLOCK_BYTES, HASH_BYTES, keyed_digests

KEY = bytes(range(32))


def digests(texts: list[bytes], key: bytes = KEY, person: bytes = b"citizen_id") -> list[bytes]:
    lengths = np.array([len(text) for text in texts], dtype=np.uint8)
    return [row.tobytes() for row in keyed_digests(b"".join(texts), lengths, key, person)]


def of_standard_library(texts: list[bytes], key: bytes = KEY, person: bytes = b"citizen_id") -> list[bytes]:
    return [hashlib.blake2b(text, digest_size=HASH_BYTES, key=key, person=person).digest() for text in texts]


@given(
    st.lists(st.binary(min_size=1, max_size=BLOCK_BYTES), max_size=20),
    st.binary(min_size=32, max_size=32),
    st.binary(max_size=16),
)
def test_texts_of_one_block_are_hashed_as_the_standard_library_does(
    texts: list[bytes], key: bytes, person: bytes
) -> None:
    assert digests(texts, key, person) == of_standard_library(texts, key, person)


def test_every_length_of_one_block_is_hashed_as_the_standard_library_does_on_either_side() -> None:
    texts = [bytes(range(length)) for length in range(1, BLOCK_BYTES + 1)]
    assert digests(texts) == of_standard_library(texts)
    assert digests(texts[1:]) == of_standard_library(texts[1:])


@pytest.mark.parametrize("count", [8191, 8192, 8193, 16385])
def test_columns_longer_than_one_run_keep_their_order(count: int) -> None:
    texts = [f"{number:012d}".encode() for number in range(count)]
    assert digests(texts) == of_standard_library(texts)


def test_a_run_in_which_every_text_fills_its_block_fits_into_the_memory() -> None:
    texts = [number.to_bytes(BLOCK_BYTES, "big") for number in range(8193)]
    assert digests(texts) == of_standard_library(texts)


def test_threads_that_hash_at_the_same_time_do_not_mix_their_columns() -> None:
    columns = [[f"{column}-{number}".encode() for number in range(8192)] for column in range(2)]
    expected = [b"".join(of_standard_library(column)) for column in columns]
    together = Barrier(len(columns))

    def hashes(column: int) -> list[bytes]:
        texts = b"".join(columns[column])
        lengths = np.array([len(text) for text in columns[column]], dtype=np.uint8)
        together.wait()
        return [keyed_digests(texts, lengths, KEY, b"citizen_id").tobytes() for _ in range(50)]

    with ThreadPoolExecutor(len(columns)) as pool:
        found = list(pool.map(hashes, range(len(columns))))
    assert found == [[digests] * 50 for digests in expected]


def test_neither_the_key_nor_the_texts_stay_in_the_memory_of_the_program() -> None:
    key, text = b"a secret key of thirty-two bytes", b"038090000001"
    digests([text, text, text], key)
    memory = blake2b._proven_program().memory.tobytes()
    words = [part for whole in (key, text.ljust(16, b"\0")) for part in (whole[:8], whole[8:16])]
    assert [word for word in words if word.strip(b"\0") and word in memory] == []
    # Nor the state after the key, with which texts can be hashed as with the key itself.
    assert not any(memory[blake2b._STATE : blake2b._LENGTHS])
    assert not any(memory[blake2b._TEXTS :])


def test_a_program_that_hashes_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blake2b, "_IV", (blake2b._IV[0] ^ 1, *blake2b._IV[1:]))
    blake2b._proven_program.cache_clear()
    try:
        with pytest.raises(RuntimeError, match="differs from hashlib's"):
            digests([b"038090000001"])
    finally:
        blake2b._proven_program.cache_clear()


def test_the_library_may_not_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webassembly, "find_spec", lambda name: None)
    webassembly._library.cache_clear()
    try:
        with pytest.raises(RuntimeError, match="install the packages"):
            webassembly.Program("(module)")
    finally:
        webassembly._library.cache_clear()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(module (func $unknown", "wasmtime refused a program"),
        ('(module (memory (export "memory") 1))', "has no run"),
    ],
)
def test_what_is_no_program_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(RuntimeError, match=reason):
        webassembly.Program(text)


def test_a_program_that_reads_beyond_its_memory_is_stopped() -> None:
    beyond = "(drop (i32.load (i32.const 65536)))"
    program = webassembly.Program(f'(module (memory (export "memory") 1 1) (func (export "run") {beyond}))')
    with pytest.raises(RuntimeError, match="did what it may not"):
        program.run()
