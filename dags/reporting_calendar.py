"""Writes down which reports are owed, and reminds each department of what is due soon or missing.

Every morning at seven. How a report stands follows from the day, so that a run that was missed leaves nothing
wrong behind; a department gets one reminder a day, however often this runs.
"""

from __future__ import annotations

from airflow.sdk import DAG, task

from dxpipeline.orchestration import WAREHOUSE_POOL
from dxpipeline.orchestration.common import DEFAULTS, START, daily_at

with DAG(
    dag_id="reporting_calendar",
    dag_display_name="Lịch báo cáo / Reporting calendar",
    doc_md=__doc__,
    schedule=daily_at(7),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args={**DEFAULTS, "owner": "data-engineering"},
    tags=["calendar"],
):

    @task(pool=WAREHOUSE_POOL)
    def extend_calendar() -> int:
        """Write down the reports that are owed; returns how many were added, changed or removed."""
        from dxpipeline.reporting.calendar import extend_calendar
        from dxpipeline.reporting.expected import today
        from dxpipeline.settings import get_settings
        from dxpipeline.warehouse.connection import connect

        with connect(get_settings()) as connection:
            return extend_calendar(connection, today())

    @task(pool=WAREHOUSE_POOL)
    def write_reminders() -> list[str]:
        """Write the reminders of today; returns their places in the outbox, none for those there already."""
        from dxpipeline.reporting.expected import today
        from dxpipeline.reporting.reminders import remind
        from dxpipeline.settings import get_settings
        from dxpipeline.warehouse.connection import connect

        settings = get_settings()
        with connect(settings, autocommit=True) as connection:
            return [str(path.relative_to(settings.outbox)) for path in remind(settings, connection, today())]

    extend_calendar() >> write_reminders()
