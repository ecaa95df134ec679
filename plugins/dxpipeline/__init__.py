"""The data pipeline of a province's digital transformation: checked files in, indicators out."""

import os

# The stages of a large file run side by side, each in a thread of its own. That polars should split each step
# of them once more costs a tenth of CPU and memory and saves no time. It looks when it is imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
# polars' allocator (jemalloc) would keep apart what is freed in each of these threads, so that what one stage
# no longer needs would not serve the next.
os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1")

__version__ = "0.1.0"
