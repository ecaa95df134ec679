"""One DAG per contract: reads, checks, loads and answers the deliveries that wait in the ledger.

An upsert feed has a second one for its large files, so that a roster takes no run or slot of small files.
"""

from __future__ import annotations

from airflow.sdk import DAG, task

from dxpipeline.contracts import EVERY_DEPARTMENT, Contract, contracts
from dxpipeline.orchestration import LARGE_FILES_POOL, WAREHOUSE_POOL
from dxpipeline.orchestration.common import DEFAULTS, START, loaded, task_settings, waiting

SIDE_BY_SIDE = 2
"""Runs of an upsert feed's DAG: what comes while a run waits to try a file again is taken by another one."""


def feed_dag(contract: Contract, max_active_runs: int, *, large: bool = False) -> DAG:
    """Return the DAG of a feed, or of its large files, without tasks; woken when such deliveries wait."""
    # Airflow searches for an owner by what stands there, and `*` says nothing.
    owners = [owner.department.replace(EVERY_DEPARTMENT, "every-department") for owner in contract.owners]
    files = "Large files of feed" if large else "Feed"
    return DAG(
        dag_id=f"import_{contract.feed}{'_large' if large else ''}",
        dag_display_name=f"{contract.title}{': tệp lớn' if large else ''}",
        doc_md=f"{contract.description}\n\n{files} `{contract.feed}`, contract {contract.version}.",
        schedule=[waiting(contract.feed, large=large)],
        start_date=START,
        catchup=False,
        max_active_runs=max_active_runs,
        default_args={**DEFAULTS, "owner": owners[-1]},
        tags=["feed", contract.cadence, *owners],
    )


def import_snapshots(contract: Contract) -> DAG:
    """Return the DAG of a snapshot feed: a task per reporting unit, which drains the ledger in order."""
    with feed_dag(contract, max_active_runs=1) as dag:

        @task(
            outlets=[loaded(contract.feed)],
            pool=WAREHOUSE_POOL,
            map_index_template="{{ reporting_unit }}",
            doc_md="Drain the deliveries of one reporting unit; returns their numbers.",
        )
        def process(reporting_unit: str) -> list[int]:
            """Drain one reporting unit; said again above, since a mapped task does not show its docstring."""
            from airflow.sdk import get_current_context

            from dxpipeline.pipeline import drain

            get_current_context()["reporting_unit"] = reporting_unit  # type: ignore[typeddict-unknown-key]
            return drain(task_settings(), contract.feed, reporting_unit)

        @task
        def waiting_reporting_units() -> list[str]:
            """Return the reporting units that have deliveries without a verdict."""
            from dxpipeline.pipeline import waiting_units
            from dxpipeline.settings import get_settings

            return waiting_units(get_settings(), contract.feed)

        if contract.unit_is_department:
            process.expand(reporting_unit=waiting_reporting_units())
        else:
            process(contract.feed)
    return dag


def import_versions(contract: Contract) -> DAG:
    """Return the DAG of the small files of an upsert feed: a few tasks side by side."""
    with feed_dag(contract, SIDE_BY_SIDE) as dag:

        @task
        def waiting_batches() -> list[int]:
            """Return a number for each task that finds small files to take; a bounded number of tasks."""
            from dxpipeline.pipeline import waiting_batches
            from dxpipeline.settings import get_settings

            return waiting_batches(get_settings(), contract.feed)

        @task(
            outlets=[loaded(contract.feed)],
            pool=WAREHOUSE_POOL,
            doc_md="Take small files until no other task leaves any; returns their deliveries' numbers.",
        )
        def process(batch: int) -> list[int]:
            """Drain small files; said again above, since a mapped task does not show its docstring."""
            from dxpipeline.pipeline import drain

            return drain(task_settings(), contract.feed, contract.feed)

        process.expand(batch=waiting_batches())
    return dag


def import_large_files(contract: Contract) -> DAG:
    """Return the DAG of the large files of an upsert feed: each run takes them one after the other."""
    with feed_dag(contract, SIDE_BY_SIDE, large=True) as dag:

        @task(outlets=[loaded(contract.feed)], pool=LARGE_FILES_POOL)
        def process() -> list[int]:
            """Take large files, one after the other; returns the numbers of their deliveries."""
            from dxpipeline.pipeline import drain

            return drain(task_settings(), contract.feed, contract.feed, large=True)

        process()
    return dag


for _contract in contracts().values():
    _makers = [import_versions, import_large_files] if _contract.load_mode == "upsert" else [import_snapshots]
    for _make in _makers:
        _dag = _make(_contract)
        globals()[_dag.dag_id] = _dag
