"""The Airflow face of the pipeline: triggers, assets and what the DAG files share. Light at import."""
