register(
    DataSet("stickers", "datamodules.datasets.stickers:Stickers", domain="cartoon", marks=("train/sticker_*.png",))
)
