"""The environment variables Airflow's processes run with on one machine."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from dxpipeline.settings import PROJECT_ROOT, Settings
from dxpipeline.warehouse.embedded_host import secret_file

UI_USER = "admin"

# Any of these says that the user's own database is to hold Airflow's metadata.
METADATA_VARIABLES = tuple(
    f"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN{suffix}" for suffix in ("", "_CMD", "_SECRET")
)


def ui_password(settings: Settings) -> str:
    """Return the password of the UI's user, generated on the first call.

    Raises:
        OSError: The secrets folder cannot be written.
    """
    return secret_file(settings.secrets / "airflow_ui_password")


def has_own_metadata(variables: Mapping[str, str]) -> bool:
    """Say whether the user points Airflow's metadata at a database of their own."""
    return any(variables.get(name) for name in METADATA_VARIABLES)


def airflow_environment(
    settings: Settings, port: int, metadata_url: str | None, variables: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment for every Airflow process; what the user has set already stays as it is.

    Args:
        settings: Where things are.
        port: Port of the API server and the UI on 127.0.0.1.
        metadata_url: URL of Airflow's metadata database (`postgresql://...`); None when the user has set one.
        variables: The environment to build on; that of this process by default.

    Raises:
        OSError: The secrets folder cannot be written.
    """
    given = dict(os.environ if variables is None else variables)
    address = f"http://127.0.0.1:{port}"
    airflow_home = Path(given.get("AIRFLOW_HOME") or settings.home / "airflow")
    defaults = {
        "AIRFLOW_HOME": str(airflow_home),
        "DX_HOME": str(settings.home),
        "DX_EXCHANGE": str(settings.exchange),
        "DX_ARCHIVE": str(settings.archive),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",  # the default forks 32 workers
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Asia/Ho_Chi_Minh",
        # 43 characters of base64 are 32 bytes but for the padding that Fernet wants.
        "AIRFLOW__CORE__FERNET_KEY": secret_file(settings.secrets / "airflow_fernet_key") + "=",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        # Passwords in a plain file: good for one user on the loopback address, not for a server.
        "AIRFLOW__CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{UI_USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_passwords_file(settings)),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secret_file(settings.secrets / "airflow_api_secret_key"),
        "AIRFLOW__API_AUTH__JWT_SECRET": secret_file(settings.secrets / "airflow_jwt_secret", size=64),
        # The first task may start while the API server is busy; 5 s would fail it without a log.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "60",
        # How long a killed task goes unnoticed; the ledger makes its repetition harmless.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "20",
        # Feeds come from contracts, so that a DAG file changes without a new modification time.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
        "AIRFLOW__DAG_PROCESSOR__PRINT_STATS_INTERVAL": "600",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(airflow_home / "bundles"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(airflow_home / "logs"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(
            airflow_home / "logs/dag_processor"
        ),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",  # file names and logs are Vietnamese whatever the locale
    }
    if metadata_url is not None:
        _, _, place = metadata_url.partition("://")
        defaults["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"postgresql+psycopg2://{place}"
        defaults["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] = f"postgresql+asyncpg://{place}"
    environment = defaults | given
    programs = str(Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join([programs, given.get("PATH", os.defpath)])
    # A proxy that the machine uses for the world must not get between Airflow's own processes.
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join(filter(None, [given.get(name), "127.0.0.1,localhost"]))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _passwords_file(settings: Settings) -> Path:
    """Write the UI's password where Airflow looks for it; else Airflow would print a new one in its log."""
    path = settings.secrets / "airflow_ui_users.json"
    users = json.dumps({UI_USER: ui_password(settings)}) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != users:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(users)
    return path
