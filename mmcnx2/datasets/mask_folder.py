"""Segmentation on one's own data: a folder of images, one of masks, and a list of names."""

from collections.abc import Sequence
from pathlib import Path

from mmseg.datasets import BaseSegDataset

from mmcnx2.checks import check_no_address, check_not_empty
from mmcnx2.datasets.listing import list_files
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.first_few import first_few
from mmcnx2.paths import expand_home
from mmcnx2.registry import DATASETS

# What keeps class numbers as they are: JPEG does not.
MASK_EXTENSIONS = ('.png', '.tif', '.tiff', '.bmp', '.gif')


@DATASETS.register_module()
class MaskFolderDataset(BaseSegDataset):
    """Images and masks of the same names below two folders.

    A mask is an image of one channel whose pixels are class numbers from 0; 255 is not trained on.
    Without ``metainfo``, the class names are the lines of ``classes_from``, the first for 0. With
    ``lazy_init=True`` nothing is read until images are asked for.

    Args:
        data_root: Folder of the data; ``~`` is the home folder.
        data_prefix: ``img_path`` and ``seg_map_path``, below ``data_root``.
        classes_from: Text file of names, one a line, below ``data_root``.
        metainfo: ``dict(classes=...)`` instead of that file.
        img_suffix: How names of images end, one ending or several, compared without regard to
            case. What stands before it is what the mask is called. Default those of
            :func:`.readers.readable_endings`.
        seg_map_suffix: How names of masks end.
        ann_file: Text file of names without endings, one a line, to use those images alone.
        test_mode: As for ``BaseSegDataset``.
        lazy_init: As for ``BaseSegDataset``.
        **options: As for ``BaseSegDataset``.

    Raises:
        FileNotFoundError: No names, no images, or images without a mask.
        ValueError: Two images or two masks of one name, or ``data_root`` is empty or an
            address.
    """

    def __init__(
        self,
        *,
        data_root: str,
        data_prefix: dict,
        classes_from: str = 'classes.txt',
        metainfo: dict | None = None,
        img_suffix: str | Sequence[str] | None = None,
        seg_map_suffix: str | Sequence[str] = MASK_EXTENSIONS,
        test_mode: bool = False,
        lazy_init: bool = False,
        **options,
    ):
        check_not_empty(data_root=data_root)
        check_no_address(data_root=data_root)
        data_root = expand_home(data_root)
        self.classes_from = Path(data_root) / classes_from
        super().__init__(
            data_root=data_root,
            data_prefix=data_prefix,
            metainfo=metainfo,
            img_suffix=readable_endings() if img_suffix is None else _several(img_suffix),
            seg_map_suffix=_several(seg_map_suffix),
            lazy_init=True,  # the names of the classes are not there yet
            **options,
        )
        self.test_mode = test_mode
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Read the names of classes and files, once. See the class for the errors."""
        if self._fully_initialized:
            return
        if 'classes' not in self._metainfo:
            self._metainfo['classes'] = read_names(self.classes_from)
            self._metainfo['palette'] = self._update_palette()
        super().full_init()

    def load_data_list(self) -> list[dict]:
        """Return one dict an image, as ``BaseSegDataset`` does. See the class for the errors."""
        folders = self.data_prefix['img_path'], self.data_prefix['seg_map_path']
        images = _by_stem(folders[0], self.img_suffix)
        masks = _by_stem(folders[1], self.seg_map_suffix)
        stems = sorted(images)
        if self.ann_file:
            stems = read_names(self.ann_file)
            missing = [stem for stem in stems if stem not in images]
            self._refuse_missing(missing, 'image', folders[0])
        if not stems:
            raise FileNotFoundError(
                f"'{folders[0]}' has no images that end in {', '.join(self.img_suffix)}: set "
                'data_root and img_suffix.'
            )
        missing = [images[stem] for stem in stems if stem not in masks]
        self._refuse_missing(missing, 'mask', folders[1])
        return [
            dict(
                img_path=images[stem],
                seg_map_path=masks[stem],
                label_map=self.label_map,
                reduce_zero_label=self.reduce_zero_label,
                seg_fields=[],
            )
            for stem in stems
        ]

    def _refuse_missing(self, names: Sequence[str], kind: str, folder: str) -> None:
        if names:
            suffix = dict(image='img_suffix', mask='seg_map_suffix')[kind]
            endings = ', '.join(getattr(self, suffix))
            raise FileNotFoundError(
                f"{first_few(names)}: no {kind} of that name below '{folder}' ends in {endings}; "
                f'add {"it" if len(names) == 1 else "them"}, or set {suffix}.'
            )


def read_names(path: str | Path) -> tuple[str, ...]:
    """Return the lines of a text file that are not blank.

    Args:
        path: Path of the file, in UTF-8.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"'{path}' does not exist: write the class names to it, one a line, that of class 0 "
            "first, or give them in the data sets' metainfo=dict(classes=...)."
        )
    lines = Path(path).read_text(encoding='utf-8-sig').splitlines()
    return tuple(line.strip() for line in lines if line.strip())


def _several(endings: str | Sequence[str]) -> tuple[str, ...]:
    return (endings,) if isinstance(endings, str) else tuple(endings)


def _by_stem(folder: str, endings: Sequence[str]) -> dict[str, str]:
    """Map what stands before the ending of a file's name, with its folders, to the file's path.

    Raises:
        ValueError: Two files differ in their endings alone.
    """
    files: dict[str, str] = {}
    for name in list_files(folder):
        fitting = [ending for ending in endings if name.lower().endswith(ending.lower())]
        if not fitting:
            continue
        stem, path = name[: -len(max(fitting, key=len))], str(Path(folder) / name)
        if stem in files:
            raise ValueError(
                f"'{files[stem]}' and '{path}' have the same name but for the ending, so which one "
                'belongs to a mask cannot be told: remove or rename one, or name the endings that '
                'count with img_suffix and seg_map_suffix.'
            )
        files[stem] = path
    return files
