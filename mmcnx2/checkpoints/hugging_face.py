"""What Hugging Face's ``from_pretrained`` wants beside the weights: ``config.json``."""

from typing import Any

from mmcnx2.checkpoints.architecture import Architecture


def hugging_face_config(architecture: Architecture, *, image_size: int = 224) -> dict[str, Any]:
    """Return the entries of ``config.json`` for a converted classifier or encoder.

    Args:
        architecture: Architecture of the weights.
        image_size: Side of the images that they are meant for, in pixels.
    """
    classes = architecture.num_classes
    name = 'ConvNext' if architecture.version == 'V1' else 'ConvNextV2'
    labels = {str(i): f'LABEL_{i}' for i in range(classes)}
    return {
        'architectures': [f'{name}ForImageClassification' if classes else f'{name}Model'],
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
    }
