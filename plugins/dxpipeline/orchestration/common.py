"""What the DAG files share: assets, defaults and the pool of the warehouse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import Asset, AssetWatcher, CronTriggerTimetable

from dxpipeline.orchestration.triggers import ImportFolderTrigger
from dxpipeline.settings import Settings, get_settings

TIME_ZONE = "Asia/Ho_Chi_Minh"
START = pendulum.datetime(2021, 1, 1, tz=TIME_ZONE)

DEFAULTS: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=2),
}
"""A task may run any number of times: the ledger says what is left to do."""

IMPORT_FOLDER = Asset(
    "import_folder",
    watchers=[AssetWatcher(name="files_stand_still", trigger=ImportFolderTrigger())],
)
"""Files dropped by departments; its events wake the sweep and carry nothing."""


def waiting(feed: str, *, large: bool = False) -> Asset:
    """Return the asset whose events say that deliveries of a feed wait, or large files of an upsert feed."""
    return Asset(f"waiting_{feed}_large" if large else f"waiting_{feed}")


def loaded(feed: str) -> Asset:
    """Return the asset of a feed's table in schema core."""
    return Asset(f"core_{feed}")


def task_settings() -> Settings:
    """Return the settings of a running task, with the secrets that the environment lacks from Airflow.

    They are its Variables `dx_privacy_key` and `dx_archive_key`, or what its secrets backend has under these
    names. To be called inside tasks only: where DAG files are parsed, nothing may be looked up. The embedded
    installation makes its secrets by itself and asks for none.
    """
    settings = get_settings()
    if settings.warehouse_url is None:
        return settings
    from airflow.sdk import Variable
    from airflow.sdk.log import mask_secret

    secrets: dict[str, Any] = {}
    for name in ("privacy_key", "archive_key"):
        if getattr(settings, name) is None:
            secrets[name] = Variable.get(f"dx_{name}", default=None)
            # Without a name, since these names are not among those that Airflow hides by itself.
            mask_secret(secrets[name])
    return replace(settings, **secrets)


def every_minutes(minutes: int) -> CronTriggerTimetable:
    """Return the schedule that finds what an event has missed."""
    return CronTriggerTimetable(f"*/{minutes} * * * *", timezone=TIME_ZONE)


def daily_at(hour: int) -> CronTriggerTimetable:
    """Return the schedule of what is done once a day, at an hour of the province's clocks."""
    return CronTriggerTimetable(f"0 {hour} * * *", timezone=TIME_ZONE)
