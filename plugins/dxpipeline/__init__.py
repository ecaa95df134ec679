"""The data pipeline of a province's digital transformation: checked files in, indicators out."""

__version__ = "0.1.0"
