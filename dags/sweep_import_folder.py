"""Claims what lies ready in the import folder and wakes the feeds that have work.

Woken by the asset `import_folder`, and every two minutes for what an event has missed: leftovers of
workers that died, answers that could not be written.
"""

from __future__ import annotations

from airflow.sdk import DAG, AssetAlias, AssetOrTimeSchedule, TriggerRule, task

from dxpipeline.orchestration import WAREHOUSE_POOL
from dxpipeline.orchestration.common import (
    DEFAULTS,
    IMPORT_FOLDER,
    START,
    every_minutes,
    task_settings,
    waiting,
)

FEEDS_WITH_WORK = AssetAlias("feeds_with_work")

with DAG(
    dag_id="sweep_import_folder",
    dag_display_name="Tiếp nhận tệp / Claim files",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=every_minutes(2), assets=[IMPORT_FOLDER]),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args={**DEFAULTS, "owner": "data-engineering"},
    tags=["intake"],
):

    @task(outlets=[FEEDS_WITH_WORK], pool=WAREHOUSE_POOL)
    def claim_ready_files(*, outlet_events=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Claim, and say which feeds have work that no worker holds yet."""
        from dxpipeline.pipeline import sweep
        from dxpipeline.settings import get_settings

        for feed, large in {(work.feed, work.large) for work in sweep(get_settings()) if work.free}:
            outlet_events[FEEDS_WITH_WORK].add(waiting(feed, large=large))

    # The next sweep tries again anyway; waiting for a retry would hold new files up.
    @task(pool=WAREHOUSE_POOL, trigger_rule=TriggerRule.ALL_DONE, retries=0)
    def finish_leftovers() -> None:
        """Answer and archive what died before, and what fits no feed."""
        from dxpipeline.pipeline import finish_leftovers

        finish_leftovers(task_settings())

    claim_ready_files() >> finish_leftovers()
