"""The data pipeline of a province's digital transformation: checked files in, indicators out."""

import os

# The stages of a large file run side by side, each in a thread of its own. That polars should split each step
# of them once more costs a tenth of CPU and memory and saves no time. It looks when it is imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

__version__ = "0.1.0"
