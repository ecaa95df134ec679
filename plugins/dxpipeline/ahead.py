"""Work that runs ahead: the next items are made in a thread while the last ones are used."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")

_END: Any = object()


def ahead(items: Iterable[Item], depth: int = 1) -> Iterator[Item]:
    """Yield items in their order while a thread makes the next ones.

    What runs outside Python's lock (polars, the network, files) runs beside the consumer; no more than
    `depth` + 1 items are held. A failure while making an item is raised in its place, and nothing runs on
    once the consumer stops.

    Args:
        items: What is made; it is advanced by one thread only.
        depth: How many items are made before they are asked for.
    """
    iterator = iter(items)
    with ThreadPoolExecutor(max_workers=1) as maker:
        waiting = deque(maker.submit(next, iterator, _END) for _ in range(depth))
        while (item := waiting.popleft().result()) is not _END:
            waiting.append(maker.submit(next, iterator, _END))
            yield item
