"""The Airflow face of the pipeline: triggers, assets and what the DAG files share. Light at import."""

WAREHOUSE_POOL = "warehouse"
"""Pool of the tasks that write into the warehouse; without it they never start."""
