"""The Airflow face of the pipeline: triggers, assets and what the DAG files share. Light at import."""

WAREHOUSE_POOL = "warehouse"
"""Pool of the tasks that write into the warehouse; without it they never start."""

LARGE_FILES_POOL = "large_files"
"""Pool of the tasks that take large files of upsert feeds, so that these never hold the others' slots."""
