"""Computes the marts and indicators of the feeds and periods that loads have marked.

Woken by the tables of schema core, and every five minutes for what an event has missed. The marks in
`ledger.mart_refresh` say what is left to do.
"""

from __future__ import annotations

from airflow.sdk import DAG, Asset, AssetAny, AssetOrTimeSchedule, task

from dxpipeline.contracts import contracts
from dxpipeline.orchestration import WAREHOUSE_POOL
from dxpipeline.orchestration.common import DEFAULTS, START, every_minutes, loaded

with DAG(
    dag_id="indicators",
    dag_display_name="Chỉ tiêu / Indicators",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(
        timetable=every_minutes(5), assets=AssetAny(*(loaded(feed) for feed in contracts()))
    ),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args={**DEFAULTS, "owner": "data-engineering"},
    tags=["mart"],
):

    @task(pool=WAREHOUSE_POOL, outlets=[Asset("mart_fct_indicator_value")])
    def refresh_marts() -> list[str]:
        """Drain the marks; returns the feeds and periods that were computed."""
        from dxpipeline.indicators.refresh import refresh
        from dxpipeline.settings import get_settings
        from dxpipeline.warehouse.connection import connect

        with connect(get_settings()) as connection:
            return [f"{feed} {period}" for feed, period in refresh(connection)]

    refresh_marts()
