"""Where things are: the one documented list of settings, read from the environment.

| variable | meaning | default |
|---|---|---|
| `DX_HOME` | state: embedded database, secrets, logs | `<project>/.dxpipeline` |
| `DX_EXCHANGE` | one volume with `import/`, `work/` and `outbox/` | `$DX_HOME/exchange` |
| `DX_ARCHIVE` | received bytes by hash; may be another volume | `$DX_HOME/archive` |
| `WAREHOUSE_URL` | PostgreSQL URL of the warehouse's owner | unset: the embedded server |
| `WAREHOUSE_WRITER_URL`, `WAREHOUSE_BI_URL` | the same for the other logins | made from the owner's |
| `DX_SETTLE_SECONDS` | how long a file must stand still before it is taken | `2` |
| `DX_WRITER_PASSWORD`, `DX_BI_PASSWORD` | passwords of the logins | generated in `$DX_HOME/secrets` |
| `DX_PRIVACY_KEY` | key of the hashes of identifiers, base64 | generated, for the embedded server only |
| `DX_PRIVACY_KEY_VERSION` | its version, raised with each new key | `1` |
| `DX_ARCHIVE_KEY` | age identity of the archive | generated, for the embedded server only |
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds dags/, plugins/, include/ and expectations/."""

INCLUDE = PROJECT_ROOT / "include"
CONTRACTS = INCLUDE / "contracts"
EXPECTATIONS = PROJECT_ROOT / "expectations"

HIGHEST_KEY_VERSION = 32_767
"""The version stands beside every hash, in two bytes."""


class ConfigurationError(Exception):
    """A setting is missing or wrong; the message says which and what to do."""


@dataclass(frozen=True)
class Settings:
    """The resolved settings of one process."""

    home: Path
    exchange: Path
    archive: Path
    warehouse_url: str | None
    settle_seconds: float
    privacy_key_version: int = 1
    privacy_key: str | None = field(default=None, repr=False)
    archive_key: str | None = field(default=None, repr=False)

    @property
    def import_folder(self) -> Path:
        """Where departments drop their files: `<department>/<feed>/<any name>`."""
        return self.exchange / "import"

    @property
    def work_folder(self) -> Path:
        """Where claimed files lie until they are archived."""
        return self.exchange / "work"

    @property
    def outbox(self) -> Path:
        """Where receipts are written: `<department>/`."""
        return self.exchange / "outbox"

    @property
    def secrets(self) -> Path:
        """Folder of mode 700 with generated passwords and keys."""
        return self.home / "secrets"


def get_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        environment: The variables to read; the process environment by default.

    Raises:
        ConfigurationError: A value cannot be understood.
    """
    variables = os.environ if environment is None else environment
    home = Path(variables.get("DX_HOME") or PROJECT_ROOT / ".dxpipeline").expanduser().absolute()
    settle = variables.get("DX_SETTLE_SECONDS") or "2"
    try:
        settle_seconds = float(settle)
    except ValueError:
        settle_seconds = math.nan
    if not 0 <= settle_seconds < math.inf:
        raise ConfigurationError(f"DX_SETTLE_SECONDS is {settle!r}: give a number of seconds, 0 or more.")
    version = variables.get("DX_PRIVACY_KEY_VERSION") or "1"
    if not (version.isascii() and version.isdecimal() and 1 <= int(version) <= HIGHEST_KEY_VERSION):
        raise ConfigurationError(
            f"DX_PRIVACY_KEY_VERSION is {version!r}: give a whole number from 1 to {HIGHEST_KEY_VERSION}."
        )
    return Settings(
        home=home,
        exchange=Path(variables.get("DX_EXCHANGE") or home / "exchange").expanduser().absolute(),
        archive=Path(variables.get("DX_ARCHIVE") or home / "archive").expanduser().absolute(),
        warehouse_url=variables.get("WAREHOUSE_URL") or None,
        settle_seconds=settle_seconds,
        privacy_key_version=int(version),
        privacy_key=variables.get("DX_PRIVACY_KEY") or None,
        archive_key=variables.get("DX_ARCHIVE_KEY") or None,
    )
