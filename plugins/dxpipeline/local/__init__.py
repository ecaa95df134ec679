"""Runs the whole pipeline on one machine: PostgreSQL, Airflow and the sample files, for `./run`."""
