"""Transforms that are only meant for pictures of 8 bits and three channels, and what to use."""

from collections.abc import Iterator, Mapping, Sequence

_VALUES = (
    'leave it out: crops, resizing and flips keep what pixels hold, and changes of their values '
    'belong to the sensor'
)
_CROP = 'use mmcnx2.LoadEncodedImage and mmcnx2.DecodeRandomResizedCrop'
_LOAD = "use type='mmcnx2.LoadImageFromFile', which keeps dtype and channels"

COLOR_ONLY = {
    **dict.fromkeys(
        (
            # mmpretrain
            'Albumentations', 'AutoAugment', 'AutoContrast', 'BEiTMaskGenerator', 'Brightness',
            'ColorJitter', 'ColorTransform', 'Contrast', 'Equalize', 'GaussianBlur', 'Invert',
            'Lighting', 'Posterize', 'RandAugment', 'RandomErasing', 'RandomGrayscale', 'Sharpness',
            'Solarize', 'SolarizeAdd',
            # mmdet and mmseg
            'AdjustGamma', 'Albu', 'AugMix', 'CLAHE', 'PhotoMetricDistortion', 'RGB2Gray',
            'RandomAffine', 'RandomErasing', 'Rerange', 'YOLOXHSVRandomAug',
        ),
        _VALUES,
    ),
    'LoadImageFromFile': _LOAD,
}  # fmt: skip
"""Name of a transform, whatever its toolbox, but for this package's own -> what to do instead."""


def find_color_only(pipeline: Sequence, path: str) -> Iterator[str]:
    """Yield a clause for each transform of a pipeline that is only meant for 8-bit color.

    Args:
        pipeline: Configs of transforms.
        path: Dotted key of the pipeline, to say where they are.
    """
    for number, step in enumerate(pipeline):
        key = f'{path}.{number}'
        if isinstance(step, list | tuple):
            yield from find_color_only(step, key)
        if not isinstance(step, Mapping):
            continue
        scope, _, name = str(step.get('type', '')).rpartition('.')
        if scope != 'mmcnx2' and name in COLOR_ONLY:
            yield f'{key} ({name}): {COLOR_ONLY[name]}'
        elif step.get('backend') == 'pillow':
            mend = _CROP if name == 'RandomResizedCrop' else "set backend='cv2'"
            yield f'{key} ({name}, backend=pillow): {mend}'
        elif 'transforms' in step:
            yield from find_color_only(step['transforms'], f'{key}.transforms')
