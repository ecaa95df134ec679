"""The archive: the bytes of every received file, once, under their hash; personal ones encrypted.

A file that may hold personal data is `<sha256>.age`, which the program `age` opens as well; any other is
`<sha256>`. The hash is that of the bytes as they were received.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psycopg

from dxpipeline.contracts import ContractError, contracts
from dxpipeline.durable import sync
from dxpipeline.privacy.encryption import EncryptionError, decrypt, encrypt
from dxpipeline.privacy.keys import archive_identities
from dxpipeline.settings import ConfigurationError, Settings
from dxpipeline.warehouse.sql_files import read_sql

_CHUNK = 1 << 20


class ArchiveError(Exception):
    """A file could not be archived, or not be taken out again; the message says why and what to do."""


def archive_path(settings: Settings, sha256: str, *, private: bool = False) -> Path:
    """Return where the bytes of a hash are kept, encrypted or as they are."""
    return settings.archive / sha256[:2] / (f"{sha256}.age" if private else sha256)


def is_private(feed: str | None, verdict: str) -> bool:
    """Say whether a delivery's bytes may hold personal data, so that they are archived encrypted.

    Those of a feed with personal columns do. Those that were not read as any feed, or refused as what their
    folder says, may be a personal file in the wrong folder. Only what was read as a feed without personal
    columns is known not to.

    Args:
        feed: The feed, None where none fits.
        verdict: The delivery's verdict.
    """
    try:
        contract = contracts().get(feed or "")
    except ContractError:
        contract = None
    return contract is None or contract.personal or verdict == "rejected"


def archive(settings: Settings, source: Path, sha256: str, *, private: bool = True) -> Path:
    """Copy a file into the archive while hashing it; the same bytes are kept once.

    What is private is encrypted on the way, and read back before this returns. Bytes that once were private
    stay encrypted.

    Args:
        settings: Where the archive is, and its key, which the caller has verified (`verify_archive_key`).
        source: The file in the work folder; it stays there.
        sha256: The hash of the bytes that were received.
        private: Whether they may hold personal data (`is_private`).

    Raises:
        ArchiveError: The bytes are not those that were received, the archive cannot be written, or its key
            is missing.
    """
    private = private or archive_path(settings, sha256, private=True).exists()
    target = archive_path(settings, sha256, private=private)
    # Named by its source, so that the next try finds what a killed one left.
    draft = target.with_name(f".{hashlib.blake2b(os.fsencode(source), digest_size=8).hexdigest()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        found = _encrypted_copy(settings, source, draft) if private else _plain_copy(source, draft)
        if found != sha256:
            raise ArchiveError(
                f"{source.name} changed after it was received ({sha256[:12]} expected, "
                f"{found[:12]} found): it stays in the work folder; ask the sender for it again."
            )
        draft.chmod(0o400)
        draft.rename(target)
        if private:
            archive_path(settings, sha256).unlink(missing_ok=True)
        for folder in (target.parent, settings.archive):
            sync(folder)
    except (OSError, EncryptionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ArchiveError(
            f"{source.name} cannot be archived in {settings.archive} ({reason}): make room or "
            "give the right to write; it is tried again."
        ) from error
    except ConfigurationError as error:
        raise ArchiveError(f"{source.name} cannot be archived: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    return target


@contextlib.contextmanager
def open_archived(settings: Settings, sha256: str) -> Iterator[IO[bytes]]:
    """Open the bytes of a hash for reading, decrypted where they are encrypted, and verified either way.

    Plain bytes of a private file lie in a nameless file of the work folder only as long as it is open.

    Args:
        settings: Where the archive and the work folder are.
        sha256: The hash of the bytes as they were received.

    Raises:
        ArchiveError: The archive has no such bytes, they are not those that were received, or the key that
            opens them is missing.
    """
    with contextlib.ExitStack() as stack:
        try:
            encrypted = archive_path(settings, sha256, private=True)
            if encrypted.exists():
                settings.work_folder.mkdir(parents=True, exist_ok=True)
                content: IO[bytes] = stack.enter_context(tempfile.TemporaryFile(dir=settings.work_folder))
                with encrypted.open("rb") as file:
                    found = decrypt(file, content, archive_identities(settings))
            else:
                plain = stack.enter_context(archive_path(settings, sha256).open("rb"))
                content, found = plain, hashlib.file_digest(plain, "sha256").hexdigest()
            if found != sha256:
                raise EncryptionError("the bytes are others")
            content.seek(0)
        except FileNotFoundError as error:
            raise ArchiveError(
                f"{settings.archive} has no file {sha256}: take it from a backup of the archive."
            ) from error
        except (OSError, EncryptionError) as error:
            raise ArchiveError(
                f"{sha256} cannot be taken out of {settings.archive} ({error}): see that DX_ARCHIVE_KEY "
                "holds the key it was archived with, or take the file from a backup of the archive."
            ) from error
        except ConfigurationError as error:
            raise ArchiveError(f"{sha256} cannot be taken out of the archive: {error}") from error
        yield content


def restore(settings: Settings, sha256: str, target: Path) -> None:
    """Write the bytes of a hash into a new file of mode 600.

    Args:
        settings: Where the archive is.
        sha256: The hash of the bytes as they were received.
        target: The file to make; where the bytes are private, in the import or the work folder only.

    Raises:
        ArchiveError: As for `open_archived`.
        OSError: The target exists or cannot be written.
    """
    with open_archived(settings, sha256) as content:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as writer:
            shutil.copyfileobj(content, writer, _CHUNK)


def drop_archived_work(settings: Settings, connection: psycopg.Connection, *tokens: str) -> None:
    """Remove the work folders of archived deliveries; without tokens, of all that a dead worker left."""
    candidates = list(tokens) or [folder.name for folder in settings.work_folder.iterdir()]
    archived = connection.execute(read_sql("ledger/archived_tokens"), {"tokens": candidates})
    for (token,) in archived.fetchall():
        shutil.rmtree(settings.work_folder / token, ignore_errors=True)


def _plain_copy(source: Path, target: Path) -> str:
    """Copy a file durably and return the hash of its bytes."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("xb") as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()


def _encrypted_copy(settings: Settings, source: Path, target: Path) -> str:
    """Encrypt a file durably and return the hash of its bytes, which the copy was proved to give back."""
    identity = archive_identities(settings)[0]
    with source.open("rb") as reader, target.open("xb") as writer:
        sent = encrypt(reader, writer, identity)
        writer.flush()
        os.fsync(writer.fileno())
    with target.open("rb") as copy:
        if decrypt(copy, None, [identity]) != sent:
            raise EncryptionError("what was written reads back differently")
    return sent
