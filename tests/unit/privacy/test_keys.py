"""The secrets of personal data: given, or made once; never shown; and never two under one version."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pyrage
import pytest

from dxpipeline.privacy.keys import privacy_keys, verify_archive_key, verify_key
from dxpipeline.settings import ConfigurationError, Settings, get_settings
from dxpipeline.warehouse.embedded_host import kept_secret

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
HASH_KEY = base64.b64encode(bytes(range(32))).decode()
ARCHIVE_KEY = str(pyrage.x25519.Identity.generate())
SERVER = {"WAREHOUSE_URL": "postgresql://owner@db/warehouse"}

SHOW_KEYS = """
from dxpipeline.privacy.keys import privacy_keys
from dxpipeline.settings import get_settings
input()
keys = privacy_keys(get_settings())
print(keys.fingerprint, keys.archive_identity.to_public())
"""


def given(**variables: str) -> Settings:
    """The settings of a server with both secrets, with changes; an empty value leaves a variable out."""
    return get_settings({**SERVER, "DX_PRIVACY_KEY": HASH_KEY, "DX_ARCHIVE_KEY": ARCHIVE_KEY, **variables})


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    return get_settings({"DX_HOME": str(tmp_path / "home")})


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_server_takes_the_secrets_it_is_given() -> None:
    keys = privacy_keys(given(DX_PRIVACY_KEY_VERSION="7"))
    assert keys.hash_key == bytes(range(32))
    assert keys.version == 7
    assert str(keys.archive_identity) == ARCHIVE_KEY


def test_an_embedded_installation_makes_its_secrets_once(embedded: Settings) -> None:
    first, second = privacy_keys(embedded), privacy_keys(embedded)
    assert (first.version, len(first.hash_key), len(set(first.hash_key)) > 8) == (1, 32, True)
    assert first.hash_key == second.hash_key
    assert str(first.archive_identity) == str(second.archive_identity)
    files = sorted(embedded.secrets.iterdir())
    assert [path.name for path in files] == ["archive_key", "privacy_key_1"]
    assert [mode(path) for path in files] == [0o600, 0o600]
    assert mode(embedded.secrets) == 0o700
    assert base64.b64decode(files[1].read_text(encoding="ascii")) == first.hash_key


def test_the_archive_key_file_is_one_that_the_program_age_takes(embedded: Settings) -> None:
    privacy_keys(embedded)
    text = (embedded.secrets / "archive_key").read_text(encoding="ascii")
    assert text.startswith("AGE-SECRET-KEY-1")
    assert text.endswith("\n")


def test_what_is_given_comes_before_what_is_kept(tmp_path: Path) -> None:
    settings = get_settings({"DX_HOME": str(tmp_path), "DX_PRIVACY_KEY": HASH_KEY})
    keys = privacy_keys(settings)
    assert keys.hash_key == bytes(range(32))
    assert [path.name for path in settings.secrets.iterdir()] == ["archive_key"]


def test_a_raised_version_makes_a_new_key_and_keeps_the_old_one(tmp_path: Path) -> None:
    def of_version(version: str) -> bytes:
        variables = {"DX_HOME": str(tmp_path), "DX_PRIVACY_KEY_VERSION": version}
        return privacy_keys(get_settings(variables)).hash_key

    first = of_version("1")
    assert of_version("2") != first
    assert of_version("1") == first


def test_a_process_that_comes_second_takes_the_key_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "a_key"
    taken: list[str] = []

    def overtaken() -> str:
        taken.append(kept_secret(path, lambda: "first"))
        return "second"

    assert (kept_secret(path, overtaken), taken) == ("first", ["first"])
    assert [kept.name for kept in path.parent.iterdir()] == ["a_key"]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PLUGINS), "DX_HOME": str(tmp_path / "home")}
    for name in ("WAREHOUSE_URL", "DX_PRIVACY_KEY", "DX_ARCHIVE_KEY"):
        environment.pop(name, None)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SHOW_KEYS],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    shown = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0, 0]
    assert len(shown) == 1
    assert "age1" in shown.pop()
    left = sorted(path.name for path in (tmp_path / "home" / "secrets").iterdir())
    assert left == ["archive_key", "privacy_key_1"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "DX_PRIVACY_KEY",
            "DX_PRIVACY_KEY is not set, and personal data needs it: give the key with which this warehouse's "
            "hashes were made, 32 bytes in base64; make one (openssl rand -base64 32) only where "
            "there are none.",
        ),
        (
            "DX_ARCHIVE_KEY",
            "DX_ARCHIVE_KEY is not set, and personal data needs it: give the age identity of this archive, "
            "AGE-SECRET-KEY-1…; make one (age-keygen) only where nothing personal is archived.",
        ),
    ],
)
def test_a_server_without_a_secret_is_told_what_to_set(name: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        privacy_keys(given(**{name: ""}))
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DX_PRIVACY_KEY", "secret words"),
        ("DX_PRIVACY_KEY", base64.b64encode(b"k" * 31).decode()),
        ("DX_PRIVACY_KEY", base64.b64encode(b"k" * 33).decode()),
        ("DX_PRIVACY_KEY", HASH_KEY.rstrip("=")),
        ("DX_PRIVACY_KEY", f"{HASH_KEY[:10]}-{HASH_KEY[10:]}"),
        ("DX_PRIVACY_KEY", "khóa bí mật"),
        ("DX_ARCHIVE_KEY", "secret words"),
        ("DX_ARCHIVE_KEY", ARCHIVE_KEY[:-1]),
        ("DX_ARCHIVE_KEY", f"{ARCHIVE_KEY} AGE-SECRET-KEY-1WRONG"),
        ("DX_ARCHIVE_KEY", str(pyrage.x25519.Identity.from_str(ARCHIVE_KEY).to_public())),
    ],
    ids=[
        "hash key of words",
        "hash key too short",
        "hash key too long",
        "hash key unpadded",
        "hash key with a stray sign",
        "hash key in Vietnamese",
        "archive key of words",
        "archive key cut off",
        "a wrong archive key after a right one",
        "the public half of an archive key",
    ],
)
def test_a_malformed_secret_is_named_and_not_quoted(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        privacy_keys(given(**{name: value}))
    assert str(refused.value).startswith(f"{name} is not a key: give ")
    assert not any(word in str(refused.value) for word in value.split())
    assert refused.value.__cause__ is None


def test_a_damaged_file_of_the_embedded_installation_is_named(embedded: Settings) -> None:
    embedded.secrets.mkdir(parents=True)
    file = embedded.secrets / "privacy_key_1"
    file.write_text("half a k", encoding="ascii")
    with pytest.raises(ConfigurationError, match=f"{file} is not a key"):
        privacy_keys(embedded)


def test_new_files_are_encrypted_for_the_first_of_several_archive_keys() -> None:
    older = str(pyrage.x25519.Identity.generate())
    with_comments = f"# created: 2026-01-01\n# public key: age1…\n{ARCHIVE_KEY}\n{older}\n"
    for written in (f"{ARCHIVE_KEY} {older}", with_comments):
        keys = privacy_keys(given(DX_ARCHIVE_KEY=written))
        assert [str(identity) for identity in keys.archive_identities] == [ARCHIVE_KEY, older]
        assert str(keys.archive_identity) == ARCHIVE_KEY


def test_secrets_are_shown_by_nothing() -> None:
    settings = given()
    keys = privacy_keys(settings)
    for shown in (repr(keys), str(keys), repr(settings)):
        assert HASH_KEY not in shown
        assert repr(keys.hash_key)[2:-1] not in shown
        assert ARCHIVE_KEY not in shown
    assert repr(keys) == "PrivacyKeys(version=1)"


def test_the_fingerprint_is_a_keyed_hash_of_nothing() -> None:
    keys = privacy_keys(given())
    expected = hashlib.blake2b(b"", key=bytes(range(32)), person=b"dx-key-check", digest_size=16).hexdigest()
    assert keys.fingerprint == expected == "72441f7d81a86f05f072c7947106241a"


# ------------------------------------------------------------------ the key of the warehouse's hashes


def key_of(number: int, version: int) -> Any:
    key = base64.b64encode(bytes([number]) * 32).decode()
    return privacy_keys(given(DX_PRIVACY_KEY=key, DX_PRIVACY_KEY_VERSION=str(version)))


def noted(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select version, fingerprint, first_used_at is not null from ledger.privacy_key order by version"
    ).fetchall()


def test_the_first_use_of_a_key_is_noted_once(warehouse: psycopg.Connection) -> None:
    keys = key_of(1, 1)
    verify_key(warehouse, keys)
    verify_key(warehouse, keys)
    assert noted(warehouse) == [(1, keys.fingerprint, True)]


def test_another_key_under_the_same_version_is_refused(warehouse: psycopg.Connection) -> None:
    verify_key(warehouse, key_of(1, 1))
    with pytest.raises(ConfigurationError) as refused:
        verify_key(warehouse, key_of(2, 1))
    assert str(refused.value) == (
        "DX_PRIVACY_KEY is not the key with which the warehouse's hashes of version 1 were made: put that "
        "key back. Files wait until then; with another key and version every person would be counted once "
        "more."
    )
    assert noted(warehouse) == [(1, key_of(1, 1).fingerprint, True)]


def test_a_new_key_comes_with_a_new_version(warehouse: psycopg.Connection) -> None:
    first, second = key_of(1, 1), key_of(2, 2)
    for keys in (first, second, first):
        verify_key(warehouse, keys)
    assert noted(warehouse) == [(1, first.fingerprint, True), (2, second.fingerprint, True)]


def test_the_same_key_under_a_new_version_is_refused_and_leaves_no_trace(
    warehouse: psycopg.Connection,
) -> None:
    verify_key(warehouse, key_of(1, 1))
    with pytest.raises(ConfigurationError) as refused:
        verify_key(warehouse, key_of(1, 2))
    assert str(refused.value) == (
        "DX_PRIVACY_KEY is the key of version 1, but DX_PRIVACY_KEY_VERSION is 2: set the version back to 1; "
        "it is raised only together with a key that replaces a leaked or lost one."
    )
    assert noted(warehouse) == [(1, key_of(1, 1).fingerprint, True)]


def test_two_workers_that_begin_with_different_keys_cannot_both_go_on(
    settings: Settings, warehouse: psycopg.Connection
) -> None:
    from dxpipeline.warehouse.connection import connect

    with connect(settings) as first:
        verify_key(first, key_of(1, 1))
        with connect(settings) as second, pytest.raises(ConfigurationError):
            verify_key(second, key_of(2, 1))
    assert noted(warehouse) == [(1, key_of(1, 1).fingerprint, True)]


# ------------------------------------------------------------------ the keys of the archive


FIRST, SECOND, THIRD = (pyrage.x25519.Identity.generate() for _ in range(3))


def archive_keys(connection: psycopg.Connection) -> list[tuple[int, str]]:
    return connection.execute("select version, recipient from ledger.archive_key order by version").fetchall()


def public(*identities: Any) -> list[tuple[int, str]]:
    return [(version, str(one.to_public())) for version, one in enumerate(identities, start=1)]


@pytest.mark.parametrize(
    ("uses", "known"),
    [
        ([[FIRST], [FIRST]], [FIRST]),
        ([[FIRST], [SECOND, FIRST]], [FIRST, SECOND]),
        # A worker that has not got the new key yet, and one from which the old one was taken.
        ([[FIRST], [SECOND, FIRST], [FIRST], [SECOND], [SECOND, FIRST]], [FIRST, SECOND]),
        ([[FIRST], [SECOND, FIRST], [THIRD, SECOND]], [FIRST, SECOND, THIRD]),
    ],
    ids=["one-key", "replaced", "some-workers-behind", "replaced-again"],
)
def test_an_archive_key_is_noted_at_its_first_use_and_replaced_by_one_that_stands_before_it(
    warehouse: psycopg.Connection, uses: list[list[Any]], known: list[Any]
) -> None:
    for identities in uses:
        verify_archive_key(warehouse, identities)
    assert archive_keys(warehouse) == public(*known)


@pytest.mark.parametrize(
    "wrong",
    [[THIRD], [THIRD, FIRST], [THIRD, THIRD]],
    ids=["another-key", "before-one-that-was-replaced", "twice"],
)
def test_an_archive_key_that_nobody_is_known_to_keep_is_refused(
    warehouse: psycopg.Connection, wrong: list[Any]
) -> None:
    verify_archive_key(warehouse, [FIRST])
    verify_archive_key(warehouse, [SECOND, FIRST])
    with pytest.raises(ConfigurationError) as refused:
        verify_archive_key(warehouse, wrong)
    assert str(refused.value) == (
        "DX_ARCHIVE_KEY (secrets/archive_key where nothing is given) is not the key with which files were "
        "archived: put that key back, or write it after the new one if it is to be replaced."
    )
    assert archive_keys(warehouse) == public(FIRST, SECOND)


def test_two_workers_that_begin_with_different_archive_keys_cannot_both_go_on(
    settings: Settings, warehouse: psycopg.Connection
) -> None:
    from dxpipeline.warehouse.connection import connect

    with connect(settings) as first:
        verify_archive_key(first, [FIRST])
        first.commit()
        with connect(settings) as second, pytest.raises(ConfigurationError):
            verify_archive_key(second, [SECOND])
    assert archive_keys(warehouse) == public(FIRST)


def test_a_key_of_the_archive_that_is_lost_is_given_up_by_a_person(
    settings: Settings, warehouse: psycopg.Connection
) -> None:
    verify_archive_key(warehouse, [FIRST])
    warehouse.execute("delete from ledger.archive_key")
    verify_archive_key(warehouse, [SECOND])
    assert archive_keys(warehouse) == public(SECOND)
