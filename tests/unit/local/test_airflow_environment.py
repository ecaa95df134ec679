"""The environment of Airflow's processes on one machine."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from dxpipeline.local.airflow_environment import UI_USER, airflow_environment, has_own_metadata, ui_password
from dxpipeline.settings import PROJECT_ROOT, Settings, get_settings

METADATA = "postgresql://airflow:secret@127.0.0.1:20001/airflow"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an installation in a temporary folder."""
    return get_settings({"DX_HOME": str(tmp_path / "home")})


def test_the_folders_are_those_of_the_project_and_its_state(settings: Settings) -> None:
    environment = airflow_environment(settings, 8080, METADATA, {})
    assert environment["AIRFLOW__CORE__DAGS_FOLDER"] == str(PROJECT_ROOT / "dags")
    assert environment["AIRFLOW_HOME"] == str(settings.home / "airflow")
    assert environment["DX_EXCHANGE"] == str(settings.exchange)


def test_airflow_listens_on_the_loopback_address_at_the_given_port(settings: Settings) -> None:
    environment = airflow_environment(settings, 8123, METADATA, {})
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__API__PORT"] == "8123"
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8123/execution/"


def test_the_metadata_address_names_its_drivers(settings: Settings) -> None:
    environment = airflow_environment(settings, 8080, METADATA, {})
    place = METADATA.removeprefix("postgresql")
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"postgresql+psycopg2{place}"
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] == f"postgresql+asyncpg{place}"


def test_what_the_user_has_set_stays(settings: Settings) -> None:
    own = {
        "AIRFLOW__CORE__PARALLELISM": "16",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://own/airflow",
    }
    environment = airflow_environment(settings, 8080, None, own)
    assert {name: environment[name] for name in own} == own
    assert has_own_metadata(own)
    assert not has_own_metadata({})


def test_keys_stay_the_same_from_start_to_start(settings: Settings) -> None:
    first, second = (airflow_environment(settings, 8080, METADATA, {}) for _ in range(2))
    assert first == second
    assert len(first["AIRFLOW__CORE__FERNET_KEY"]) == 44
    assert len({first[n] for n in first if n.endswith(("SECRET", "SECRET_KEY", "FERNET_KEY"))}) == 3


def test_the_password_is_given_to_airflow_before_it_invents_one(settings: Settings) -> None:
    environment = airflow_environment(settings, 8080, METADATA, {})
    file = Path(environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    assert json.loads(file.read_text()) == {UI_USER: ui_password(settings)}
    assert {stat.S_IMODE(path.stat().st_mode) for path in settings.secrets.iterdir()} == {0o600}


def test_programs_of_the_environment_come_first_and_bytecode_is_kept(settings: Settings) -> None:
    given = {"PATH": "/usr/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    environment = airflow_environment(settings, 8080, METADATA, given)
    assert environment["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"
    assert "PYTHONDONTWRITEBYTECODE" not in environment


def test_a_proxy_does_not_get_between_the_processes(settings: Settings) -> None:
    given = {"https_proxy": "http://proxy.example:3128", "no_proxy": "example.vn"}
    environment = airflow_environment(settings, 8080, METADATA, given)
    assert environment["no_proxy"] == "example.vn,127.0.0.1,localhost"
    assert environment["NO_PROXY"] == "127.0.0.1,localhost"


@pytest.mark.parametrize(
    "section", ["core", "database", "workers", "scheduler", "dag_processor", "logging", "api", "api_auth"]
)
def test_every_option_is_one_that_airflow_knows(settings: Settings, section: str) -> None:
    import airflow
    import yaml

    text = (Path(airflow.__file__).parent / "config_templates/config.yml").read_text(encoding="utf-8")
    known = {name.upper() for name in yaml.safe_load(text)[section]["options"]}
    prefix = f"AIRFLOW__{section.upper()}__"
    names = airflow_environment(settings, 8080, METADATA, {})
    used = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    assert used
    assert used <= known
