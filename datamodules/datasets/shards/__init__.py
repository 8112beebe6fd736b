"""Sharded faces: a few large files instead of many small ones, for disks, networks and object stores.

Uses LitData for its random access to single samples, memory-mapped from disk or by range requests from an object store.
WebDataset, in contrast, reads shards sequentially and shuffles within a window.

``DIR/celeba/shards.json`` is the index; ``DIR/celeba/train/chunk-0-0.bin`` and so on are the shards of a split. Shards
contain the original image files, byte for byte.
"""

from datamodules.datasets.shards.faces import ShardedFaces
from datamodules.datasets.shards.index import ShardIndex, is_sharded
from datamodules.datasets.shards.writer import write_shards

__all__ = ["ShardIndex", "ShardedFaces", "is_sharded", "write_shards"]
