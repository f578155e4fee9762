"""What Hugging Face's ``from_pretrained`` wants beside the weights: two files of JSON."""

from collections.abc import Mapping
from typing import Any

from mmcnx2.checkpoints.architecture import Architecture

IMAGENET = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
"""Mean and deviation of each channel, RGB in 0..255, that every published ConvNeXt V2 wants."""


def hugging_face_config(architecture: Architecture, *, image_size: int = 224) -> dict[str, Any]:
    """Return the entries of ``config.json`` for a converted classifier, encoder or backbone.

    Args:
        architecture: Architecture of the weights.
        image_size: Side of the images that they are meant for, in pixels.
    """
    classes = architecture.num_classes
    name = 'ConvNext' if architecture.version == 'V1' else 'ConvNextV2'
    model = f'{name}ForImageClassification' if classes else f'{name}Model'
    maps = {}
    if architecture.gives_maps:
        model = f'{name}Backbone'
        maps = {'out_features': [f'stage{i + 1}' for i in architecture.norms]}
    labels = {str(i): f'LABEL_{i}' for i in range(classes)}
    return {
        'architectures': [model],
        'model_type': name.lower(),
        'depths': list(architecture.depths),
        'hidden_sizes': list(architecture.channels),
        'num_stages': len(architecture.depths),
        'num_channels': architecture.in_channels,
        'patch_size': architecture.stem_patch_size,
        'image_size': image_size,
        # Of the final norm: every ConvNeXt has 1e-6, their configuration's default is 1e-12.
        'layer_norm_eps': 1e-6,
        'id2label': labels,
        'label2id': {label: int(i) for i, label in labels.items()},
        **maps,
    }


def hugging_face_processor(
    architecture: Architecture, settings: Mapping[str, Any] | None, *, image_size: int = 224
) -> dict[str, Any] | None:
    """Return the entries of ``preprocessor_config.json``, which ``AutoImageProcessor`` reads.

    Images below 384 px are resized to 8/7 of that along the shorter side and cropped, larger ones
    resized to squares, as that library does with the published models.

    Args:
        architecture: Architecture of the weights.
        settings: Config of the run that trained them, whose normalization it is; None, or without
            one, for ImageNet's.
        image_size: Side of the images that they are meant for, in pixels.

    Returns:
        The entries; None where nobody knows how the channels of these images were normalized, or
        that library could not do it: it never turns RGB to BGR.
    """
    settings = settings or {}
    preprocessor = {
        **(settings.get('data_preprocessor') or {}),
        **(settings.get('model', {}).get('data_preprocessor') or {}),
    }
    says = preprocessor.get('mean') and preprocessor.get('std')
    known = preprocessor if says else IMAGENET
    rgb = not says or preprocessor.get('to_rgb') or preprocessor.get('bgr_to_rgb')
    if not rgb or not architecture.in_channels == len(known['mean']) == len(known['std']):
        return None
    return {
        'image_processor_type': 'ConvNextImageProcessor',
        'do_resize': True,
        'size': {'shortest_edge': image_size},
        'crop_pct': 224 / 256,
        'resample': 3,  # bicubic
        'do_rescale': True,
        'rescale_factor': 1 / 255,
        'do_normalize': True,
        'image_mean': [value / 255 for value in known['mean']],
        'image_std': [value / 255 for value in known['std']],
    }
