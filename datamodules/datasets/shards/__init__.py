"""Faces in shards: a few large files instead of many small ones, for disks, networks and object stores.

Written and read with LitData, because it reads any single sample by its number, in place from a disk and by ranges from
an object store, as our draws need; WebDataset reads a shard from its start and shuffles within a window.

``DIR/celeba/shards.json`` is the index; ``DIR/celeba/train/chunk-0-0.bin`` and so on are the shards of a split. A shard
holds the image files as they were, byte for byte.
"""

from datamodules.datasets.shards.faces import ShardedFaces
from datamodules.datasets.shards.index import ShardIndex, is_sharded
from datamodules.datasets.shards.writer import write_shards

__all__ = ["ShardIndex", "ShardedFaces", "is_sharded", "write_shards"]
