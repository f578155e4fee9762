"""What a pre-trained FCMAE makes of image files."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from torch import Tensor

from mmcnx2.analysis.pictures import read_batches
from mmcnx2.datasets.reading import ImageReader
from mmcnx2.models.fcmae import FCMAE, Reconstruction
from mmcnx2.nn.masking import RandomMasking
from mmcnx2.paths import expand_home
from mmcnx2.registry import MODELS


def load_fcmae(config: Config | str | Path, checkpoint: str | Path) -> FCMAE:
    """Build a model from its pre-training config and load its weights.

    Args:
        config: The config, or its path.
        checkpoint: Encoder and decoder of that config's size, in any dialect.

    Raises:
        ValueError: If the config is not FCMAE's, or the checkpoint is of another size or has no
            decoder.
    """
    cfg = config if isinstance(config, Config) else Config.fromfile(expand_home(str(config)))
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    model = MODELS.build(cfg.model)
    if not isinstance(model, FCMAE):
        raise ValueError(
            f'the config builds {type(model).__name__}, which reconstructs nothing: give the '
            'config of the pre-training.'
        )
    path = expand_home(str(checkpoint))
    try:
        load_checkpoint(model, path, map_location='cpu', strict=True, logger='silent')
    except RuntimeError as error:  # torch lists keys, a line each
        reason = ' '.join(str(error).split())[:200]
        raise ValueError(
            f"checkpoint '{checkpoint}' does not fill the encoder and decoder of the config "
            f'({reason} ...): give the one that its pre-training wrote.'
        ) from None
    return model.eval()


def reconstruct_files(
    model: FCMAE,
    paths: Sequence[str | Path],
    *,
    size: int,
    seed: int,
    ratio: float | None = None,
    batch_size: int = 16,
    reader: ImageReader | None = None,
) -> Reconstruction:
    """Hide patches of pictures and have the model fill them in.

    Args:
        model: From :func:`load_fcmae`.
        paths: Image files.
        size: Side in pixels, divisible by the model's patch.
        seed: Seed of the masks; a picture's depends on its place in ``paths``, not on
            ``batch_size``.
        ratio: Share of hidden patches, between 0 and 1; None takes the model's own.
        batch_size: Pictures at a time.
        reader: Reads the files; default one without options.

    Raises:
        ValueError: If there are no paths, one is no image, or the patch does not divide ``size``.
    """
    batches = stream_reconstructions(
        model, paths, size=size, seed=seed, ratio=ratio, batch_size=batch_size, reader=reader
    )
    return join(list(batches))


def stream_reconstructions(
    model: FCMAE,
    paths: Sequence[str | Path],
    *,
    size: int,
    seed: int,
    ratio: float | None = None,
    batch_size: int = 16,
    reader: ImageReader | None = None,
) -> Iterator[Reconstruction]:
    """Yield what :func:`reconstruct_files` returns, a batch at a time: for large folders."""
    if not paths:
        raise ValueError('paths is empty: give at least one image file.')
    patch = model.patch_size
    if size % patch or size < patch:
        raise ValueError(f'{size} px do not divide into patches of {patch}: take a multiple of it.')
    masking = RandomMasking(model.masking.ratio if ratio is None else ratio, seed=seed)
    masking.num_visible((size // patch) ** 2)  # refuses a ratio that hides everything
    batches = read_batches(paths, size, batch_size=batch_size, reader=reader)
    return (_reconstruct(model, pictures, masking) for pictures in batches)


def reconstruct_pictures(
    model: FCMAE, pictures: Tensor, *, seed: int, ratio: float | None = None
) -> Reconstruction:
    """Hide patches of pictures in memory and have the model fill them in.

    Args:
        model: In the mode that it should compute in.
        pictures: ``(N, C, H, W)`` of the files' dtype, in the channel order that the model's
            preprocessor takes, for three OpenCV's in every config of this project; H and W are
            multiples of the patch.
        seed: Seed of the masks, which come from a generator of their own.
        ratio: Share of hidden patches; None takes the model's own.
    """
    masking = RandomMasking(model.masking.ratio if ratio is None else ratio, seed=seed)
    return _reconstruct(model, pictures, masking)


def join(parts: Sequence[Reconstruction]) -> Reconstruction:
    """Return the reconstructions of several batches as one, on the CPU."""
    return Reconstruction(
        **{f.name: torch.cat([getattr(part, f.name).cpu() for part in parts])
           for f in fields(Reconstruction)}
    )  # fmt: skip


def _reconstruct(model: FCMAE, pictures: Tensor, masking: RandomMasking) -> Reconstruction:
    inputs = model.data_preprocessor(dict(inputs=pictures, data_samples=None))['inputs']
    if isinstance(inputs, list):  # mmpretrain's form for several views
        inputs = inputs[0]
    height, width = (side // model.patch_size for side in inputs.shape[2:])
    # One image at a time: a mask must not depend on the pictures beside it.
    visible = torch.cat([masking(1, height, width) for _ in inputs])
    return model.reconstruct(inputs, visible, dtype=pictures.dtype)
