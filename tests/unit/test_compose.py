"""docker-compose.yaml and Dockerfile, checked by the real tools; no image is built."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dxpipeline.settings import PROJECT_ROOT
from dxpipeline.warehouse.server_setup import INITDB_OPTIONS, SERVER_SETTINGS

PROGRAMS = Path(sys.executable).parent
COMPOSE = PROJECT_ROOT / "docker-compose.yaml"
VARIABLES = re.findall(r"^(\w+)=$", (PROJECT_ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
PORTS = {"UI_PORT", "WAREHOUSE_PORT"}


def config(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What `docker-compose config` says under an environment."""
    arguments = [PROGRAMS / "docker-compose", "--env-file", os.devnull, "--file", COMPOSE, "config"]
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)


def complete() -> dict[str, str]:
    """An environment with every variable that must be given."""
    return {name: f"value-of-{name.lower()}" for name in VARIABLES if name not in PORTS}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services as the real tool resolves them."""
    result = config(complete())
    assert result.returncode == 0, result.stderr
    resolved: dict[str, Any] = yaml.safe_load(result.stdout)["services"]
    return resolved


@pytest.mark.parametrize("name", sorted(set(VARIABLES) - PORTS))
def test_a_missing_variable_is_named_and_nothing_starts(name: str) -> None:
    environment = complete()
    del environment[name]
    result = config(environment)
    assert result.returncode != 0
    assert f"set {name} in .env" in result.stderr


def test_the_example_lists_every_variable_and_no_value() -> None:
    used = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text(encoding="utf-8")))
    assert used == set(VARIABLES)


def test_no_secret_is_written_in_the_compose_file(services: dict[str, Any]) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|FERNET|BROKER|RESULT_BACKEND|SQL_ALCHEMY", name):
                assert "value-of-" in value, name


def test_secrets_are_no_arguments_of_a_process(services: dict[str, Any]) -> None:
    for service in services.values():
        assert "value-of-" not in str(service.get("command")) + str(service.get("healthcheck"))


def test_ports_are_open_on_the_loopback_address_only(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    assert sorted(port["published"] for port in ports) == ["5432", "8080"]


def test_the_server_is_set_up_like_the_embedded_one(services: dict[str, Any]) -> None:
    postgres = services["postgres"]
    assert postgres["environment"]["POSTGRES_INITDB_ARGS"].split() == list(INITDB_OPTIONS)
    settings = [f"--{name}={value}" for name, value in SERVER_SETTINGS.items()]
    assert postgres["command"] == ["postgres", *settings]
    assert postgres["volumes"][0]["target"] == "/var/lib/postgresql"


def test_only_the_preparing_service_knows_the_superuser(services: dict[str, Any]) -> None:
    secret = complete()["POSTGRES_PASSWORD"]
    knowing = {name for name, service in services.items() if secret in str(service.get("environment"))}
    assert knowing == {"postgres", "prepare"}


def test_every_part_of_airflow_waits_for_the_preparation_and_is_watched(services: dict[str, Any]) -> None:
    parts = {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}
    assert set(services) == parts | {"postgres", "redis", "prepare"}
    for name in parts:
        assert services[name]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"
    watched = {name for name, service in services.items() if service.get("healthcheck", {}).get("test")}
    # The API server's check comes with the image.
    assert watched == parts - {"api-server"} | {"postgres", "redis"}
    assert "HEALTHCHECK" in (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_compose_file_follows_the_specification() -> None:
    arguments = [PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_linter_has_nothing_to_say_about_the_dockerfile() -> None:
    arguments = [PROGRAMS / "hadolint", PROJECT_ROOT / "Dockerfile"]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


def test_the_image_does_not_run_as_root_and_takes_the_hashed_lock() -> None:
    text = (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE)[-1] == "10001:10001"
    assert "--require-hashes -r requirements.lock" in text


def test_only_workers_have_the_keys_of_personal_data(services: dict[str, Any]) -> None:
    for name in ("DX_PRIVACY_KEY", "DX_ARCHIVE_KEY"):
        secret = complete()[name]
        assert {service for service, one in services.items() if secret in str(one)} == {"worker"}


def test_the_ui_hides_the_keys_where_they_are_variables(services: dict[str, Any]) -> None:
    hidden = services["api-server"]["environment"]["AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES"]
    assert hidden == "dx_privacy_key,dx_archive_key"
