"""The few calls of Airflow's REST API that the local run needs."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from dxpipeline.local.processes import LocalRunError

HEALTH_SECONDS = 300.0
PARSE_SECONDS = 180.0
CALL_SECONDS = 30.0

# Answers must come from this machine, whatever proxy the environment names.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class AirflowApi:
    """A client of the API server on this machine.

    Args:
        address: `http://127.0.0.1:<port>`.
        user: User of the UI.
        password: Password of that user.
    """

    def __init__(self, address: str, user: str, password: str) -> None:
        """Remember where to call; the login comes with the first call that needs it."""
        self.address = address
        self._login = {"username": user, "password": password}
        self._token: str | None = None

    def wait_until_healthy(self, since: datetime, meanwhile: Callable[[], None]) -> None:
        """Wait until database, scheduler, DAG processor and triggerer report as healthy.

        Args:
            since: Heartbeats older than this are of an earlier run and do not count.
            meanwhile: Called while waiting, a few times a second.

        Raises:
            LocalRunError: Five minutes were not enough; names what is missing.
        """
        deadline = time.monotonic() + HEALTH_SECONDS
        missing: list[str] = ["api-server"]
        while missing:
            if time.monotonic() > deadline:
                raise LocalRunError(
                    f"Airflow is not healthy after {HEALTH_SECONDS:.0f} s: look at the logs of "
                    f"{', '.join(missing)}."
                )
            meanwhile()
            time.sleep(0.3)
            try:
                health = self.call("GET", "/api/v2/monitor/health", authenticate=False)
            except (OSError, ValueError):
                continue
            missing = [] if health["metadatabase"]["status"] == "healthy" else ["metadatabase"]
            for name in ("scheduler", "dag_processor", "triggerer"):
                part = health.get(name) or {}
                beat = part.get(f"latest_{name}_heartbeat")
                if part.get("status") != "healthy" or not beat or datetime.fromisoformat(beat) < since:
                    missing.append(name)

    def wait_until_parsed(
        self, dag_folder: Path, since: datetime, meanwhile: Callable[[], None]
    ) -> list[str]:
        """Wait until every file of the DAG folder was parsed; return the names of the DAGs.

        Raises:
            LocalRunError: A file cannot be imported, or has not been parsed after three minutes.
        """
        expected = {path.name for path in dag_folder.glob("*.py") if not path.name.startswith(("_", "."))}
        deadline = time.monotonic() + PARSE_SECONDS
        while True:
            errors = self.call("GET", "/api/v2/importErrors?limit=100")["import_errors"]
            for error in errors:
                if datetime.fromisoformat(error["timestamp"]) >= since:
                    reason = error["stack_trace"].strip().splitlines()[-1]
                    raise LocalRunError(f"The DAG file {error['filename']} cannot be imported: {reason}.")
            dags = self.call("GET", "/api/v2/dags?limit=1000")["dags"]
            fresh = [dag for dag in dags if datetime.fromisoformat(dag["last_parsed_time"]) >= since]
            missing = expected - {Path(dag["fileloc"]).name for dag in fresh}
            if not missing:
                return sorted(dag["dag_id"] for dag in fresh)
            if time.monotonic() > deadline:
                raise LocalRunError(
                    f"No DAG was found in {', '.join(sorted(missing))} after {PARSE_SECONDS:.0f} s: see "
                    "logs/dag-processor.log."
                )
            meanwhile()
            time.sleep(0.3)

    def make_pool(self, name: str, slots: int, description: str) -> None:
        """Make a pool of task slots; one that exists keeps the slots that somebody gave it.

        Raises:
            OSError: The API server refuses.
        """
        try:
            self.call("POST", "/api/v2/pools", {"name": name, "slots": slots, "description": description})
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise

    def unpause(self, dag_ids: list[str]) -> None:
        """Switch DAGs on, and have their files parsed again: the watchers of paused DAGs do not run.

        Raises:
            OSError: The API server refuses.
        """
        files: dict[str, str] = {}
        for dag_id in dag_ids:
            dag = self.call("PATCH", f"/api/v2/dags/{dag_id}?update_mask=is_paused", {"is_paused": False})
            files[dag["fileloc"]] = dag["file_token"]
        for file_token in files.values():
            try:
                self.call("PUT", f"/api/v2/parseDagFile/{file_token}")
            except urllib.error.HTTPError as error:
                if error.code != 409:  # asked for already
                    raise

    def call(self, method: str, path: str, body: object = None, *, authenticate: bool = True) -> Any:
        """Send one request and return the decoded answer.

        Raises:
            OSError: Nobody answers, or the answer is an error.
            ValueError: The answer is not JSON.
        """
        headers = {"Content-Type": "application/json"}
        if authenticate:
            if self._token is None:
                answer = self.call("POST", "/auth/token", self._login, authenticate=False)
                self._token = answer["access_token"]
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers, method=method)  # noqa: S310
        try:
            with _OPENER.open(request, timeout=CALL_SECONDS) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            if error.code == 401 and authenticate and self._token is not None:
                self._token = None
                raise OSError("Airflow's API refuses the login of the local user") from error
            raise
