"""The two secrets of personal data: one for hashes, one for the archive.

| secret | environment | file of the embedded installation, below `$DX_HOME/secrets` |
|---|---|---|
| hash key, 32 random bytes | `DX_PRIVACY_KEY` (base64), `DX_PRIVACY_KEY_VERSION` | `privacy_key_<version>` |
| age identities | `DX_ARCHIVE_KEY` (`AGE-SECRET-KEY-1…`) | `archive_key` |

They are two, so that whoever counts persons cannot open the files, and so that each is replaced without
the other. A server must be given both; an embedded installation makes them once by itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
import pyrage

from dxpipeline.settings import ConfigurationError, Settings
from dxpipeline.warehouse.embedded_host import kept_secret
from dxpipeline.warehouse.sql_files import read_sql

HASH_KEY_BYTES = 32

# Whoever reads this may have lost a key from sight: a new one would count every person once more.
_GIVE_HASH_KEY = (
    "give the key with which this warehouse's hashes were made, 32 bytes in base64; "
    "make one (openssl rand -base64 32) only where there are none"
)
_GIVE_ARCHIVE_KEY = (
    "give the age identity of this archive, AGE-SECRET-KEY-1…; "
    "make one (age-keygen) only where nothing personal is archived"
)


@dataclass(frozen=True)
class PrivacyKeys:
    """The secrets of one process; they are never shown.

    Attributes:
        version: Version of the hash key, which stands beside every hash.
        hash_key: 32 bytes.
        archive_identities: What opens the archive: new files are encrypted for the first, files of an
            earlier key are opened with the others.
    """

    version: int
    hash_key: bytes = field(repr=False)
    archive_identities: tuple[pyrage.x25519.Identity, ...] = field(repr=False)

    @property
    def archive_identity(self) -> pyrage.x25519.Identity:
        """Return the identity for which new files are encrypted."""
        return self.archive_identities[0]

    @property
    def fingerprint(self) -> str:
        """Return 32 hexadecimal digits that tell hash keys apart and reveal none."""
        return hashlib.blake2b(key=self.hash_key, person=b"dx-key-check", digest_size=16).hexdigest()


def privacy_keys(settings: Settings) -> PrivacyKeys:
    """Return both secrets: from the settings, else generated once where the server is the embedded one.

    Raises:
        ConfigurationError: A secret is missing or malformed; the sentence says what to set.
        OSError: The files of the embedded installation can be neither read nor written.
    """
    version = settings.privacy_key_version
    name, given = "DX_PRIVACY_KEY", settings.privacy_key
    if given is None and settings.warehouse_url is None:
        # A name per version, so that raising the version makes a new key and keeps the old one.
        path = settings.secrets / f"privacy_key_{version}"
        name, given = str(path), kept_secret(path, _new_hash_key)
    return PrivacyKeys(version, _decoded(name, given), archive_identities(settings))


def archive_identities(settings: Settings) -> tuple[pyrage.x25519.Identity, ...]:
    """Return what opens the archive, as `privacy_keys` does, where no hash is to be made.

    Raises:
        ConfigurationError: The secret is missing or malformed; the sentence says what to set.
        OSError: The file of the embedded installation can be neither read nor written.
    """
    name, given = "DX_ARCHIVE_KEY", settings.archive_key
    if given is None and settings.warehouse_url is None:
        path = settings.secrets / "archive_key"
        name, given = str(path), kept_secret(path, _new_archive_key)
    return _identities(name, given)


def verify_key(connection: psycopg.Connection, keys: PrivacyKeys) -> None:
    """Note the hash key at its first use, and refuse another one under the same version.

    Args:
        connection: As the writer.
        keys: The secrets in use.

    Raises:
        ConfigurationError: This version was used with another key, or this key under another version.
    """
    parameters = {"version": keys.version, "fingerprint": keys.fingerprint}
    with connection.transaction():
        connection.execute(read_sql("privacy/note_key"), parameters)
        for version, fingerprint in connection.execute(read_sql("privacy/used_keys"), parameters).fetchall():
            if fingerprint != keys.fingerprint:
                raise ConfigurationError(
                    f"DX_PRIVACY_KEY is not the key with which the warehouse's hashes of version {version} "
                    "were made: put that key back. Files wait until then; with another key and version every "
                    "person would be counted once more."
                )
            if version != keys.version:
                raise ConfigurationError(
                    f"DX_PRIVACY_KEY is the key of version {version}, but DX_PRIVACY_KEY_VERSION is "
                    f"{keys.version}: set the version back to {version}; it is raised only together "
                    "with a key that replaces a leaked or lost one."
                )


def verify_archive_key(connection: psycopg.Connection, identities: Sequence[pyrage.x25519.Identity]) -> None:
    """Note the archive key at its first use, and refuse one that nobody is known to keep.

    A new key is taken where the one before it is given as well, as it must be to open the older files.

    Args:
        connection: As the writer.
        identities: What opens the archive, the one in use first.

    Raises:
        ConfigurationError: Files were archived with other keys.
    """
    recipient, *earlier = [str(identity.to_public()) for identity in identities]
    parameters = {"recipient": recipient, "earlier": earlier}
    with connection.transaction():
        connection.execute(read_sql("privacy/note_archive_key"), parameters)
        known = connection.execute(read_sql("privacy/known_archive_key"), parameters).fetchall()
        if not known:
            raise ConfigurationError(
                "DX_ARCHIVE_KEY (secrets/archive_key where nothing is given) is not the key with which files "
                "were archived: put that key back, or write it after the new one if it is to be replaced."
            )


def _new_hash_key() -> str:
    return base64.b64encode(secrets.token_bytes(HASH_KEY_BYTES)).decode("ascii")


def _new_archive_key() -> str:
    return str(pyrage.x25519.Identity.generate())


def _decoded(name: str, given: str | None) -> bytes:
    if not given:
        raise ConfigurationError(f"{name} is not set, and personal data needs it: {_GIVE_HASH_KEY}.")
    try:
        key = base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    # Neither the value nor the decoder's complaint is quoted: both would carry parts of the key.
    if len(key) != HASH_KEY_BYTES:
        raise ConfigurationError(f"{name} is not a key: {_GIVE_HASH_KEY}.")
    return key


def _identities(name: str, given: str | None) -> tuple[pyrage.x25519.Identity, ...]:
    lines = [line.strip() for line in (given or "").splitlines()]
    # age-keygen writes comments above an identity, and a file may hold several.
    words = [word for line in lines if not line.startswith("#") for word in line.split()]
    if not words:
        raise ConfigurationError(f"{name} is not set, and personal data needs it: {_GIVE_ARCHIVE_KEY}.")
    try:
        return tuple(pyrage.x25519.Identity.from_str(word) for word in words)
    except pyrage.IdentityError:
        raise ConfigurationError(f"{name} is not a key: {_GIVE_ARCHIVE_KEY}.") from None
