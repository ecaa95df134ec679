"""One DAG per contract: reads, checks, loads and answers the deliveries that wait in the ledger."""

from __future__ import annotations

from airflow.sdk import DAG, task

from dxpipeline.contracts import Contract, contracts
from dxpipeline.orchestration import WAREHOUSE_POOL
from dxpipeline.orchestration.common import DEFAULTS, START, loaded, waiting


def import_feed(contract: Contract) -> DAG:
    """Return the DAG of one feed: a task per reporting unit, which drains the ledger in order."""
    with DAG(
        dag_id=f"import_{contract.feed}",
        dag_display_name=contract.title,
        doc_md=f"{contract.description}\n\nFeed `{contract.feed}`, contract {contract.version}.",
        schedule=[waiting(contract.feed)],
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args={**DEFAULTS, "owner": contract.owners[-1].department},
        tags=["feed", contract.frequency, *(owner.department for owner in contract.owners)],
    ) as dag:

        @task(
            outlets=[loaded(contract.feed)],
            pool=WAREHOUSE_POOL,
            map_index_template="{{ reporting_unit }}",
        )
        def process(reporting_unit: str) -> list[int]:
            """Drain the deliveries of one reporting unit; returns their numbers."""
            from airflow.sdk import get_current_context

            from dxpipeline.pipeline import drain
            from dxpipeline.settings import get_settings

            get_current_context()["reporting_unit"] = reporting_unit  # type: ignore[typeddict-unknown-key]
            return drain(get_settings(), contract.feed, reporting_unit)

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


for _contract in contracts().values():
    globals()[f"import_{_contract.feed}"] = import_feed(_contract)
