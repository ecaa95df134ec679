"""blake2b with a key (RFC 7693) over a whole column of short texts at once, two texts side by side.

A text of at most 128 bytes needs two compressions: one of the block that holds the key, which is the same for
the whole column and therefore done once, and its own.
"""

from __future__ import annotations

import hashlib
from functools import cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from dxpipeline.privacy.webassembly import Program

BLOCK_BYTES = hashlib.blake2b().block_size
HASH_BYTES = 16
"""128 bits: that any two of 100 million persons share a hash has a probability of 1.5e-23."""

_PART = 8192
"""Texts a run: lengths, texts and digests of a run stay in the processor's cache."""

_IV = (
    *(0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1),
    *(0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179),
)
"""The initial vector, RFC 7693 section 2.6."""

_SCHEDULE = (
    *(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    *(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    *(11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    *(7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    *(9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    *(2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    *(12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    *(13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    *(6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    *(10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
    *(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    *(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
)
"""The order of the message's words in each of the 12 rounds, section 2.7."""

_COLUMNS_AND_DIAGONALS = (
    *((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)),
    *((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)),
)
"""The words of the state that a round mixes, section 3.2."""

# Where things lie in the program's memory. A word of the state, of the message or of the outcome takes 16
# bytes: that of one text, then that of the other.
_ORDER = 0
_STATE = 512
_MESSAGE = _STATE + 8 * 16
_OUTCOME = _MESSAGE + 16 * 16
_LENGTHS = 1024
_DIGESTS = _LENGTHS + _PART + 16
_TEXTS = _DIGESTS + (_PART + 1) * HASH_BYTES
_END = _TEXTS + _PART * BLOCK_BYTES + 8
_PAGE = 65536

_lock = Lock()


def keyed_digests(texts: bytes, lengths: NDArray[np.uint8], key: bytes, person: bytes) -> NDArray[np.uint8]:
    """Hash texts that lie one behind the other, without holding Python's lock meanwhile.

    Args:
        texts: The bytes of all texts.
        lengths: How many bytes each text has: 1 to `BLOCK_BYTES`.
        key: The secret, 1 to 64 bytes.
        person: The personalisation, at most 16 bytes.

    Returns:
        A row of `HASH_BYTES` bytes for each text: what `hashlib.blake2b` returns for it.

    Raises:
        RuntimeError: wasmtime is not there, or what it compiled does not hash as `hashlib` does.
    """
    program = _proven_program()
    with _lock:
        return _digests(program, texts, lengths, key, person)


@cache
def _proven_program() -> Program:
    """Compile the program, and compare it with the standard library for each length it may be given."""
    program = Program(_program_text())
    key, person = bytes(range(32, 64)), b"comparison"
    texts = [bytes(range(length, 2 * length)) for length in range(1, BLOCK_BYTES)] + [bytes(BLOCK_BYTES)]
    lengths = np.array([len(text) for text in texts], dtype=np.uint8)
    expected = [hashlib.blake2b(text, digest_size=HASH_BYTES, key=key, person=person) for text in texts]
    with _lock:
        found = _digests(program, b"".join(texts), lengths, key, person)
    if found.tobytes() != b"".join(hasher.digest() for hasher in expected):
        raise RuntimeError(
            "blake2b compiled by wasmtime differs from hashlib's on this machine, so nothing was hashed: "
            "install the version of wasmtime in requirements.lock."
        )
    return program


def _digests(
    program: Program, texts: bytes, lengths: NDArray[np.uint8], key: bytes, person: bytes
) -> NDArray[np.uint8]:
    memory = program.memory
    content = np.frombuffer(texts, dtype=np.uint8)
    ends = np.cumsum(lengths, dtype=np.int64)
    digests = np.empty((len(lengths), HASH_BYTES), dtype=np.uint8)
    # Section 2.5: length of the digest, of the key, a tree of one leaf; at byte 48 the personalisation.
    parameters = (bytes((HASH_BYTES, len(key), 1, 1)).ljust(48, b"\0") + person).ljust(64, b"\0")
    state = np.array(_IV, dtype="<u8") ^ np.frombuffer(parameters, dtype="<u8")
    block = np.frombuffer(key.ljust(BLOCK_BYTES, b"\0"), dtype="<u8")
    start = np.repeat(np.concatenate((state, block)), 2).view(np.uint8)
    begin = 0
    for first in range(0, len(lengths), _PART):
        part = lengths[first : first + _PART]
        end = int(ends[first + len(part) - 1])
        memory[_STATE:_OUTCOME] = start
        memory[_LENGTHS : _LENGTHS + len(part)] = part
        memory[_LENGTHS + len(part) : _LENGTHS + len(part) + 2] = 0
        memory[_TEXTS : _TEXTS + end - begin] = content[begin:end]
        program.run()
        found = memory[_DIGESTS : _DIGESTS + len(part) * HASH_BYTES]
        digests[first : first + len(part)] = found.reshape(-1, HASH_BYTES)
        begin = end
    return digests


def _program_text() -> str:
    """Write the program.

    Before it runs, its memory holds the initial state and the block of the key, twice each, the lengths up to
    a length of zero, and the texts; afterwards it holds the digests, and neither key nor texts.
    """
    order = "".join(f"\\{byte:02x}" for word in _SCHEDULE for byte in (16 * word).to_bytes(2, "little"))
    words = range(16)
    state = " ".join(f"(local $v{word} v128)" for word in words)
    load = "\n".join(
        f"(local.set $v{word} {_word(_STATE, word)})"
        f"(local.set $v{word + 8} (i64x2.splat (i64.const {_IV[word]:#x})))"
        for word in range(8)
    )
    mix = "\n".join(_mix(number) for number in range(8))
    store = "\n".join(
        f"(v128.store offset={_OUTCOME + 16 * word} (i32.const 0) (v128.xor {_word(_STATE, word)}"
        f" (v128.xor (local.get $v{word}) (local.get $v{word + 8}))))"
        for word in range(8)
    )
    clear = " ".join(
        f"(v128.store offset={_MESSAGE + 16 * word} (i32.const 0) (v128.const i64x2 0 0))" for word in words
    )
    digests = " ".join(
        f"(i64.store offset={8 * place} (local.get $digest) (i64.load offset={_OUTCOME + at} (i32.const 0)))"
        for place, at in enumerate((0, 16, 8, 24))
    )
    return f"""(module
  (memory (export "memory") {-(-_END // _PAGE)} {-(-_END // _PAGE)})
  (data (i32.const {_ORDER}) "{order}")

  ;; Compress the message into the outcome (section 3.2); $count: bytes so far, $last: ones in a last block.
  (func $compress (param $count v128) (param $last v128) {state} (local $x v128) (local $round i32)
    {load}
    (local.set $v12 (v128.xor (local.get $v12) (local.get $count)))
    (local.set $v14 (v128.xor (local.get $v14) (local.get $last)))
    (loop $rounds
      {mix}
      (local.set $round (i32.add (local.get $round) (i32.const 32)))
      (br_if $rounds (i32.lt_u (local.get $round) (i32.const {2 * len(_SCHEDULE)}))))
    {store})

  ;; Put a text into the words of the message; $word: 0 for the one text, 8 for the other.
  (func $fill (param $text i32) (param $length i32) (param $word i32)
    (block $filled
      (loop $words
        (br_if $filled (i32.lt_u (local.get $length) (i32.const 8)))
        (i64.store offset={_MESSAGE} (local.get $word) (i64.load (local.get $text)))
        (local.set $text (i32.add (local.get $text) (i32.const 8)))
        (local.set $word (i32.add (local.get $word) (i32.const 16)))
        (local.set $length (i32.sub (local.get $length) (i32.const 8)))
        (br $words)))
    (if (local.get $length) (then
      (i64.store offset={_MESSAGE} (local.get $word) (i64.and
        (i64.load (local.get $text))
        (i64.sub
          (i64.shl (i64.const 1) (i64.extend_i32_u (i32.shl (local.get $length) (i32.const 3))))
          (i64.const 1)))))))

  (func (export "run")
    (local $length i32) (local $text i32) (local $digest i32) (local $one i32) (local $other i32)
    (local.set $length (i32.const {_LENGTHS}))
    (local.set $text (i32.const {_TEXTS}))
    (local.set $digest (i32.const {_DIGESTS}))
    (call $compress (i64x2.splat (i64.const {BLOCK_BYTES})) (v128.const i64x2 0 0))
    (memory.copy (i32.const {_STATE}) (i32.const {_OUTCOME}) (i32.const {8 * 16}))
    (block $hashed
      (loop $pairs
        (br_if $hashed (i32.eqz (local.tee $one (i32.load8_u (local.get $length)))))
        (local.set $other (i32.load8_u offset=1 (local.get $length)))
        {clear}
        (call $fill (local.get $text) (local.get $one) (i32.const 0))
        (local.set $text (i32.add (local.get $text) (local.get $one)))
        (call $fill (local.get $text) (local.get $other) (i32.const 8))
        (local.set $text (i32.add (local.get $text) (local.get $other)))
        (call $compress
          (i64x2.add (i64x2.splat (i64.const {BLOCK_BYTES})) (i64x2.replace_lane 1
            (i64x2.splat (i64.extend_i32_u (local.get $one))) (i64.extend_i32_u (local.get $other))))
          (v128.const i64x2 -1 -1))
        {digests}
        (local.set $digest (i32.add (local.get $digest) (i32.const {2 * HASH_BYTES})))
        (local.set $length (i32.add (local.get $length) (i32.const 2)))
        (br $pairs)))
    (memory.fill (i32.const {_STATE}) (i32.const 0) (i32.const {_LENGTHS - _STATE}))
    (memory.fill (i32.const {_TEXTS}) (i32.const 0) (i32.sub (local.get $text) (i32.const {_TEXTS})))))
"""


def _word(place: int, word: int) -> str:
    return f"(v128.load offset={place + 16 * word} (i32.const 0))"


def _mix(number: int) -> str:
    """Write the mixing function G (section 3.1) for one column or diagonal of a round."""
    a, b, c, d = (f"$v{word}" for word in _COLUMNS_AND_DIAGONALS[number])
    steps = []
    for half, (turn_d, turn_b) in enumerate(((32, 24), (16, 63))):
        at = f"(i32.load16_u offset={_ORDER + 2 * (2 * number + half)} (local.get $round))"
        for line in (
            f"(local.set {a} (i64x2.add (local.get {a}) (local.get {b})))",
            f"(local.set {a} (i64x2.add (local.get {a}) (v128.load offset={_MESSAGE} {at})))",
            f"(local.set $x (v128.xor (local.get {d}) (local.get {a})))",
            f"(local.set {d} {_turned_right(turn_d)})",
            f"(local.set {c} (i64x2.add (local.get {c}) (local.get {d})))",
            f"(local.set $x (v128.xor (local.get {b}) (local.get {c})))",
            f"(local.set {b} {_turned_right(turn_b)})",
        ):
            steps.append(line)
    return "\n".join(steps)


def _turned_right(bits: int) -> str:
    """Turn both words of $x to the right: whole bytes by moving them, 63 bits as one bit to the left."""
    if bits == 63:
        left, right = (
            "(i64x2.shl (local.get $x) (i32.const 1))",
            "(i64x2.shr_u (local.get $x) (i32.const 63))",
        )
        return f"(v128.or {left} {right})"
    moved = " ".join(str(8 * word + (byte + bits // 8) % 8) for word in range(2) for byte in range(8))
    return f"(i8x16.shuffle {moved} (local.get $x) (local.get $x))"
