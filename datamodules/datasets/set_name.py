"""The data sets by name, and the folder of each below the data root."""

from __future__ import annotations

from enum import StrEnum

from datamodules.errors import DataError


class SetName(StrEnum):
    """What a set is called on the command line."""

    CELEBA = "celeba"
    CELEBAMASKHQ = "celebamaskhq"
    CARTOONSET10K = "cartoonset10k"
    CARTOONSET100K = "cartoonset100k"
    WIDER = "wider"
    LFWNET = "lfwnet"

    @property
    def folder(self) -> str:
        """The set's folder below the data root."""
        return _FOLDERS.get(self, self.value)

    @classmethod
    def parse(cls, text: str) -> SetName:
        """The set of that name, or of that folder.

        Raises:
            DataError: There is no such set; the message lists them.
        """
        for name in cls:
            if text in (name.value, name.folder):
                return name
        raise DataError(f"there is no data set '{text}'; the sets are {', '.join(cls)}")


_FOLDERS = {SetName.CELEBAMASKHQ: "celebamask_hq", SetName.WIDER: "wider_face", SetName.LFWNET: "lfw_net"}
