"""Rows of the paper's Tables 6 and 7, and the sizes below them, as their configs are to be."""

from dataclasses import dataclass

LENGTHS = dict(atto=600, femto=600, pico=600, nano=600, tiny=300, base=100, large=100, huge=50)
"""Epochs of fine-tuning on ImageNet-1K after FCMAE, by size."""


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One config of Mask R-CNN or UPerNet."""

    name: str
    size: str
    start: str  # the run whose encoder it begins with, and its checkpoint
    drop_path: float
    grn: bool = True
    pixels: int = 1024  # side of the crops in training

    @property
    def files(self) -> str:
        """Path of the config below configs/."""
        if self.pixels == 1024:
            return f'mask_rcnn/mask-rcnn_{self.name}_fpn_lsj-3x_coco.py'
        side = f'{self.pixels}x{self.pixels}'
        return f'upernet/upernet_{self.name}_8xb2-amp-160k_ade20k-{side}.py'


def _supervised(drop_paths: dict[str, float], **options) -> list[Transfer]:
    return [
        Transfer(
            name=f'{model}-{size}-sup',
            size=size,
            start=f'{model}-{size}_64xb64-amp-coslr-300e_in1k/epoch_300.pth',
            drop_path=drop_paths[size],
            grn=model == 'convnextv2',
            **options,
        )
        for size in ('base', 'large')
        for model in ('convnext', 'convnextv2')
    ]


def mask_rcnn() -> list[Transfer]:
    """Table 6, from FCMAE itself (appendix A.3), with our choice from its sweep of drop path."""
    drop_paths = dict(
        atto=0.1, femto=0.1, pico=0.1, nano=0.1, tiny=0.4, base=0.4, large=0.5, huge=0.5
    )
    return [
        Transfer(
            name=f'convnextv2-{size}-fcmae',
            size=size,
            start=f'fcmae_convnextv2-{size}_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth',
            drop_path=drop_path,
        )
        for size, drop_path in drop_paths.items()
    ] + _supervised(drop_paths)


def upernet() -> list[Transfer]:
    """Table 7, from fine-tuned weights (appendix A.4), with our choice from its sweep."""
    drop_paths = dict(
        atto=0.1, femto=0.1, pico=0.1, nano=0.1, tiny=0.4, base=0.4, large=0.4, huge=0.4
    )
    rows = [
        Transfer(
            name=f'convnextv2-{size}-fcmae',
            size=size,
            start=f'convnextv2-{size}_fcmae-pre_32xb32-amp-coslr-{epochs}e_in1k/epoch_{epochs}.pth',
            drop_path=drop_paths[size],
            pixels=512,
        )
        for size, epochs in LENGTHS.items()
    ]
    after_22k = Transfer(
        name='convnextv2-huge-fcmae-in22k',
        size='huge',
        start='convnextv2-huge_fcmae-pre_64xb64-amp-coslr-90e_in21k/epoch_90.pth',
        drop_path=0.4,
        pixels=640,
    )
    return [*rows, *_supervised(drop_paths, pixels=512), after_22k]


MASK_RCNN, UPERNET = mask_rcnn(), upernet()
