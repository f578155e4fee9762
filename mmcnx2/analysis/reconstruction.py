"""What a pre-trained FCMAE makes of image files."""

from collections.abc import Sequence
from pathlib import Path

import mmcv
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmcnx2.models.fcmae import FCMAE, Reconstruction
from mmcnx2.registry import MODELS


def load_fcmae(config: Config | str | Path, checkpoint: str | Path) -> FCMAE:
    """Build a model from its pre-training config and load its weights.

    Args:
        config: The config, or its path.
        checkpoint: A ``.pth`` file of that config's run.
    """
    cfg = config if isinstance(config, Config) else Config.fromfile(config)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    model = MODELS.build(cfg.model)
    load_checkpoint(model, str(checkpoint), map_location='cpu', strict=True, logger='silent')
    return model.eval()


def reconstruct_files(
    model: FCMAE, paths: Sequence[str | Path], *, size: int, seed: int
) -> Reconstruction:
    """Hide patches of pictures and have the model fill them in.

    Args:
        model: From :func:`load_fcmae`.
        paths: Image files; each is resized to ``size`` x ``size`` unless it has that size.
        size: Side in pixels, divisible by the model's patch.
        seed: Of the masks.

    Raises:
        ValueError: If there are no paths.
    """
    if not paths:
        raise ValueError('paths is empty: give at least one image file.')
    images = [mmcv.imresize(mmcv.imread(str(path)), (size, size)) for path in paths]
    tensors = [torch.from_numpy(image).permute(2, 0, 1).contiguous() for image in images]
    inputs = model.data_preprocessor(dict(inputs=torch.stack(tensors), data_samples=None))['inputs']
    if isinstance(inputs, list):  # mmpretrain's form for several views
        inputs = inputs[0]
    n, grid = len(tensors), size // model.patch_size
    # The mask generator draws from torch's global generator: seed it here alone.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        visible = model.masking(n, grid, grid)
    return model.reconstruct(inputs, visible)
