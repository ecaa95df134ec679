"""The archive: the bytes of every file once, personal ones encrypted, and given back proved."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import stat
import tracemalloc
from pathlib import Path
from typing import Any

import pyrage
import pytest

from dxpipeline.feedback import archive as room
from dxpipeline.feedback.archive import (
    ArchiveError,
    archive,
    archive_path,
    is_private,
    open_archived,
    restore,
)
from dxpipeline.privacy.encryption import encrypt
from dxpipeline.settings import Settings, get_settings

NAME = "Nguyễn Văn Mẫu"
CONTENT = f"HS-0000000001;038090000001;{NAME}\n".encode() * 50


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return get_settings({"DX_HOME": str(tmp_path / "home")})


@pytest.fixture
def source(settings: Settings) -> Path:
    """A claimed file with synthetic persons."""
    path = settings.work_folder / "token" / "so-y-te" / "health_records" / "hồ sơ.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def taken_out(settings: Settings, digest: str) -> bytes:
    with open_archived(settings, digest) as file:
        return file.read()


def test_a_private_file_is_encrypted_and_comes_back(settings: Settings, source: Path) -> None:
    digest = sha256(CONTENT)
    kept = archive(settings, source, digest, private=True)
    assert (
        kept
        == archive_path(settings, digest, private=True)
        == settings.archive / digest[:2] / f"{digest}.age"
    )
    assert kept.read_bytes().startswith(b"age-encryption.org/v1\n")
    assert NAME.encode() not in kept.read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o400
    assert files_of(settings.archive) == [kept]
    assert taken_out(settings, digest) == CONTENT
    assert source.read_bytes() == CONTENT, "the work copy goes only after the ledger says so"


def test_any_other_file_is_kept_as_it_came_and_needs_no_key(settings: Settings, source: Path) -> None:
    server = dataclasses.replace(settings, warehouse_url="postgresql://owner@db/warehouse")
    digest = sha256(CONTENT)
    kept = archive(server, source, digest, private=False)
    assert kept == archive_path(server, digest)
    assert kept.read_bytes() == CONTENT == taken_out(server, digest)
    assert not server.secrets.exists()


def test_what_nobody_calls_public_is_private(settings: Settings, source: Path) -> None:
    assert archive(settings, source, sha256(CONTENT)).suffix == ".age"


@pytest.mark.parametrize(
    ("feed", "verdict", "private"),
    [
        ("health_records", "accepted", True),
        ("health_records", "duplicate", True),
        ("smart_hospitals", "accepted", False),
        ("smart_hospitals", "partially_accepted", False),
        ("smart_hospitals", "duplicate", False),
        ("smart_hospitals", "rejected", True),
        ("a_feed_of_the_past", "accepted", True),
        (None, "rejected", True),
    ],
)
def test_only_what_was_read_as_a_feed_without_personal_columns_is_not_private(
    feed: str | None, verdict: str, private: bool
) -> None:
    assert is_private(feed, verdict) is private


def test_a_large_file_passes_in_pieces(settings: Settings, source: Path) -> None:
    piece = hashlib.sha512(b"a piece").digest() * 16_384
    with source.open("wb") as file:
        for _ in range(20):
            file.write(piece)
    digest = sha256(piece * 20)
    tracemalloc.start()
    try:
        kept = archive(settings, source, digest, private=True)
        with open_archived(settings, digest) as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == digest
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert source.stat().st_size == 20 << 20
    assert kept.stat().st_size > 20 << 20
    assert peak < 4 << 20


def test_plain_bytes_lie_nowhere_but_in_the_work_folder(
    settings: Settings, source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "elsewhere"))
    seen: list[Path] = []

    def looked_around(reader: Any, writer: Any, identity: Any) -> str:
        found = encrypt(reader, writer, identity)
        writer.flush()
        seen.extend(path for path in files_of(tmp_path) if NAME.encode() in path.read_bytes())
        return found

    monkeypatch.setattr(room, "encrypt", looked_around)
    digest = sha256(CONTENT)
    archive(settings, source, digest, private=True)
    assert seen == [source]
    with open_archived(settings, digest):
        named = [path for path in files_of(tmp_path) if NAME.encode() in path.read_bytes()]
        assert named == [source], "what is taken out has no name"


def test_the_same_bytes_are_kept_once_and_stay_private(settings: Settings, source: Path) -> None:
    digest = sha256(CONTENT)
    for private in (False, True, True, False):
        kept = archive(settings, source, digest, private=private)
        assert files_of(settings.archive) == [kept]
    assert kept == archive_path(settings, digest, private=True)
    assert taken_out(settings, digest) == CONTENT


def test_bytes_that_changed_since_they_were_received_are_not_archived(
    settings: Settings, source: Path
) -> None:
    with pytest.raises(ArchiveError, match=r"hồ sơ\.csv changed after it was received"):
        archive(settings, source, "0" * 64, private=True)
    assert files_of(settings.archive) == []


def test_a_copy_that_does_not_read_back_is_not_kept(
    settings: Settings, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def badly_written(reader: Any, writer: Any, identity: Any) -> str:
        target = io.BytesIO()
        found = encrypt(reader, target, identity)
        content = target.getvalue()
        writer.write(content[:-5] + b"x" + content[-4:])
        return found

    monkeypatch.setattr(room, "encrypt", badly_written)
    with pytest.raises(ArchiveError, match="cannot be archived"):
        archive(settings, source, sha256(CONTENT), private=True)
    assert files_of(settings.archive) == []


def test_an_archive_that_cannot_be_written_is_named(settings: Settings, source: Path) -> None:
    settings.archive.write_text("a file where the folder should be")
    with pytest.raises(ArchiveError, match=r"hồ sơ.csv cannot be archived in .+ \(Not a directory\)"):
        archive(settings, source, sha256(CONTENT), private=True)


def test_without_its_key_nothing_private_is_archived_or_taken_out(settings: Settings, source: Path) -> None:
    server = dataclasses.replace(settings, warehouse_url="postgresql://owner@db/warehouse")
    digest = sha256(CONTENT)
    with pytest.raises(ArchiveError, match=r"hồ sơ\.csv cannot be archived: DX_ARCHIVE_KEY is not set"):
        archive(server, source, digest, private=True)
    assert files_of(settings.archive) == []
    archive(settings, source, digest, private=True)
    with (
        pytest.raises(ArchiveError, match="taken out of the archive: DX_ARCHIVE_KEY"),
        open_archived(server, digest),
    ):
        pass


def test_a_file_that_was_tampered_with_is_not_given_out(settings: Settings, source: Path) -> None:
    digest = sha256(CONTENT)
    kept = archive(settings, source, digest, private=True)
    content = bytearray(kept.read_bytes())
    content[-20] ^= 1
    kept.chmod(0o600)
    kept.write_bytes(content)
    with pytest.raises(ArchiveError, match=f"{digest} cannot be taken out"):
        taken_out(settings, digest)


def test_another_file_in_its_place_is_not_given_out(settings: Settings, source: Path) -> None:
    digest = sha256(CONTENT)
    kept = archive(settings, source, digest, private=True)
    source.write_bytes(b"something else")
    other = archive(settings, source, sha256(b"something else"), private=True)
    other.replace(kept)
    with pytest.raises(ArchiveError, match="the bytes are others"):
        taken_out(settings, digest)
    plain = archive(settings, source, sha256(b"something else"), private=False)
    plain.chmod(0o600)
    plain.write_bytes(b"something new")
    with pytest.raises(ArchiveError, match="the bytes are others"):
        taken_out(settings, sha256(b"something else"))


def test_a_replaced_key_opens_what_the_old_one_closed_only_while_it_stands_beside(
    settings: Settings, source: Path
) -> None:
    digest = sha256(CONTENT)
    old, new = (str(pyrage.x25519.Identity.generate()) for _ in range(2))
    archive(dataclasses.replace(settings, archive_key=old), source, digest, private=True)
    assert taken_out(dataclasses.replace(settings, archive_key=f"{new} {old}"), digest) == CONTENT
    with pytest.raises(ArchiveError, match="see that DX_ARCHIVE_KEY holds the key"):
        taken_out(dataclasses.replace(settings, archive_key=new), digest)


def test_a_file_that_the_archive_lacks_is_named(settings: Settings) -> None:
    with pytest.raises(ArchiveError, match=f"has no file {'0' * 64}"):
        taken_out(settings, "0" * 64)


@pytest.mark.parametrize("private", [True, False])
def test_a_file_is_given_back_for_its_owner_s_eyes_and_replaces_none(
    settings: Settings, source: Path, private: bool
) -> None:
    digest = sha256(CONTENT)
    archive(settings, source, digest, private=private)
    target = source.with_name("again.csv")
    restore(settings, digest, target)
    assert target.read_bytes() == CONTENT
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        restore(settings, digest, target)
