"""Segmentation on one's own data: a folder of images, one of masks, and a list of names."""

from pathlib import Path

from mmseg.datasets import BaseSegDataset

from mmcnx2.registry import DATASETS


@DATASETS.register_module()
class MaskFolderDataset(BaseSegDataset):
    """Images and masks of the same names below two folders.

    A mask is an image of one channel whose pixels are class numbers from 0; 255 is not trained on.
    Without ``metainfo``, the class names are the lines of ``classes_from``, the first for 0.

    Args:
        data_root: Folder of the data.
        data_prefix: ``img_path`` and ``seg_map_path``, below ``data_root``.
        classes_from: Text file of names, one a line, below ``data_root``.
        metainfo: ``dict(classes=...)`` instead of that file.
        **options: As for ``BaseSegDataset``, such as ``img_suffix`` and ``seg_map_suffix``.

    Raises:
        FileNotFoundError: No names, no images, or an image without its mask.
    """

    def __init__(
        self,
        *,
        data_root: str,
        data_prefix: dict,
        classes_from: str = 'classes.txt',
        metainfo: dict | None = None,
        **options,
    ):
        metainfo = dict(metainfo or {})
        if 'classes' not in metainfo:
            metainfo['classes'] = read_names(Path(data_root) / classes_from)
        super().__init__(
            data_root=data_root, data_prefix=data_prefix, metainfo=metainfo, **options
        )

    def load_data_list(self) -> list[dict]:
        """Return one dict an image, as ``BaseSegDataset`` does. See the class for the errors."""
        images = super().load_data_list()
        if not images:
            raise FileNotFoundError(
                f"'{self.data_prefix['img_path']}' has no images that end in '{self.img_suffix}': "
                'set data_root and img_suffix.'
            )
        for image in images:
            if not Path(image['seg_map_path']).is_file():
                raise FileNotFoundError(
                    f"'{image['img_path']}' has no mask '{image['seg_map_path']}': add it, or set "
                    'seg_map_suffix.'
                )
        return images


def read_names(path: str | Path) -> tuple[str, ...]:
    """Return the lines of a text file that are not blank.

    Args:
        path: Of the file, in UTF-8.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"'{path}' does not exist: write the class names to it, one a line, that of class 0 "
            "first, or give them in the data sets' metainfo=dict(classes=...)."
        )
    lines = Path(path).read_text(encoding='utf-8').splitlines()
    return tuple(line.strip() for line in lines if line.strip())
