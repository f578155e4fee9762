"""What all trainings decide alike."""

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from mmengine.config import Config

from mmcnx2.apis.calls import CallError
from mmcnx2.apis.weights import find_weights
from mmcnx2.counted import counted
from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_file import read_image_file
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.statistics import measure
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from mmcnx2.paths import shipped

_LOOKED_AT = 64  # images whose sizes are read
_GLANCED_AT = 8  # images whose kind is looked at
_BYTES_A_PARAMETER = 16  # weight, gradient and two averages of AdamW, in float32
_SHARE_OF_MEMORY = 0.6  # what they may take: the rest is for the pixels' features
STRIDE = 32
"""Of the backbone, in pixels."""


def decide_common(given: Mapping[str, Any], cfg: Config, *, images: int) -> dict[str, Any]:
    """Decide what depends on the machine and on the number of images alone.

    Args:
        given: What the person said.
        cfg: The recipe: its images a step, and its rate, which grows with their number, as the
            paper has it.
        images: Number of training images.

    Returns:
        ``backbone``, ``batch_size``, ``lr``, ``seed``, ``precision``, ``gpus``,
        ``training_images``, their number, and ``sharded``; ``weights``, the path of those to start
        from, if there are any.
    """
    gpu = given.get('device') != 'cpu' and torch.cuda.is_available()
    backbone, weights = _network(given)
    decided = dict(
        backbone=backbone,
        batch_size=min(cfg.train_dataloader.batch_size, images),
        seed=0,
        precision='bf16' if gpu else 'fp32',
        gpus=1,
    )
    decided |= {name: given[name] for name in decided if name in given}
    step = decided['batch_size'] * decided['gpus']
    rate = cfg.optim_wrapper.optimizer.lr * step / cfg.auto_scale_lr.base_batch_size
    decided['lr'] = given.get('lr', rate)
    sharded = gpu and decided['gpus'] > 1 and needs_sharding(decided['backbone'], _memory())
    return decided | weights | dict(training_images=images, sharded=sharded)


def needs_sharding(backbone: Mapping[str, Any], memory: int) -> bool:
    """Whether one GPU cannot hold a network in training, so that several share it out (FSDP2).

    Args:
        backbone: Arguments of ``ConvNeXtV2``.
        memory: Of one GPU, in bytes.
    """
    with torch.device('meta'):
        parameters = sum(each.numel() for each in ConvNeXtV2(**backbone).parameters())
    return _BYTES_A_PARAMETER * parameters > _SHARE_OF_MEMORY * memory


def _memory() -> int:
    return torch.cuda.get_device_properties(0).total_memory


def _network(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the arguments of the network, which fit the weights, and the path of those.

    Raises:
        CallError: The weights are of another size than was asked for.
    """
    if 'from_' not in given:
        return dict(arch=given.get('model', 'atto')), {}
    found = find_weights(given['from_'])
    backbone = found.backbone
    del backbone['in_channels']  # those of the images, which the weights must fit
    if given.get('model', backbone['arch']) != backbone['arch']:
        raise CallError(
            'model',
            f"is {given['model']}, but '{given['from_']}' holds weights of {backbone['arch']}: "
            'leave it out, or start from other weights.',
        )
    return backbone, dict(weights=os.path.abspath(found.path))


def usual_length(
    images: int, step: int, *, least_steps: int, few: int, many: int
) -> dict[str, int]:
    """Return how many passes a training takes: enough steps for a small data set.

    Args:
        images: Number of them.
        step: Images a step.
        least_steps: Steps below which little is learnt.
        few: Passes over a large data set.
        many: The most, however small it is.

    Returns:
        ``usual_epochs``, and ``epochs``, for which a person may say something else.
    """
    epochs = max(few, min(many, math.ceil(least_steps / math.ceil(images / step))))
    return dict(epochs=epochs, usual_epochs=epochs)


def usual_size(sides: Sequence[int], *, largest: int, smallest: int = 64) -> int:
    """Return the side in pixels to train with: a multiple of the stride, not above the images'.

    Args:
        sides: Of some images, in pixels.
        largest: What the recipe trains with.
        smallest: Not below that, whatever the images.
    """
    middle = sorted(sides)[len(sides) // 2]
    return max(smallest, min(largest, middle // STRIDE * STRIDE))


def configure_common(cfg: Config, arguments: Mapping[str, Any]) -> None:
    """Write the network, the steps and the machine into a config."""
    cfg.model.backbone.update(arguments['backbone'])
    for key, name in (('normalize', 'normalize'), ('in_channels', 'channels'), ('bands', 'bands')):
        if name in arguments:
            cfg[key] = arguments[name]
    cfg.train_dataloader.batch_size = arguments['batch_size']
    cfg.optim_wrapper.optimizer.lr = arguments['lr']
    cfg.randomness.seed = arguments['seed']
    if arguments['sharded']:
        cfg.runner_type = 'mmcnx2.ShardedRunner'
    set_precision(cfg, arguments['precision'])
    progress = dict(type='mmcnx2.ProgressHook')
    if arguments['epochs'] < arguments['usual_epochs']:
        progress['usual_epochs'] = arguments['usual_epochs']
        progress['usual_steps'] = count_steps(arguments, arguments['usual_epochs'])
    cfg.custom_hooks = [*cfg.get('custom_hooks', ()), progress]


def set_weights(cfg: Config, arguments: Mapping[str, Any]) -> None:
    """Have the backbone start from weights, or from nothing."""
    cfg.pop('checkpoint', None)
    if 'weights' in arguments:
        cfg.model.backbone.init_cfg = dict(
            type='Pretrained', checkpoint=arguments['weights'], prefix='backbone.'
        )
    else:
        cfg.model.backbone.pop('init_cfg', None)


def set_precision(cfg: Config, precision: str) -> None:
    """Set the precision of training: 'fp32', 'bf16' or 'fp16'."""
    wrapper = cfg.optim_wrapper
    wrapper.type = 'OptimWrapper' if precision == 'fp32' else 'AmpOptimWrapper'
    for name in ('dtype', 'loss_scale'):
        wrapper.pop(name, None)
    if precision != 'fp32':
        wrapper.dtype = dict(bf16='bfloat16', fp16='float16')[precision]
        # bfloat16 has float32's range: only float16 needs its loss scaled.
        wrapper.loss_scale = 'dynamic' if precision == 'fp16' else dict(enabled=False)


def length_by_epochs(cfg: Config, epochs: int, *, warm_up: float) -> None:
    """Set the length of a training whose rate grows linearly, then falls to the end of the run.

    Args:
        cfg: Changed in place.
        epochs: Passes over the data.
        warm_up: Share of them in which the rate grows.
    """
    cfg.train_cfg.max_epochs = cfg.max_epochs = epochs
    first, second = cfg.param_scheduler
    first.end = second.begin = max(1, round(warm_up * epochs))


def say_plan(decided: Mapping[str, Any], *, images: int) -> None:
    """Say what a training will be."""
    step = decided['batch_size'] * decided['gpus']
    epochs, usual = decided['epochs'], decided['usual_epochs']
    steps = count_steps(decided, epochs)
    few = ''
    if epochs < usual:
        few = f', few: {usual} epochs are usual for so many images'
    elif steps < 500:
        few = ', few: expect little'
    model = decided['backbone']['arch']
    model = model if isinstance(model, str) else f'depths {model["depths"]}'
    version = 'V2' if decided['backbone'].get('use_grn', True) else 'V1'
    print(
        f'{counted(epochs, "epoch")} of {counted(images, "image")}, {step} a step: '
        f'{counted(steps, "step")}{few}.\n'
        f'ConvNeXt {version} {model} at {decided["size"]} px, {decided["precision"]}, '
        f'learning rate {decided["lr"]:.3g}, on {_device(decided)}.',
        flush=True,
    )


def count_steps(decided: Mapping[str, Any], epochs: int) -> int:
    """Return the steps of so many passes over the training images."""
    step = decided['batch_size'] * decided['gpus']
    return math.ceil(decided['training_images'] / step) * epochs


def _device(decided: Mapping[str, Any]) -> str:
    if decided.get('device') == 'cpu' or not torch.cuda.is_available():
        return 'the CPU'
    several = f'{decided["gpus"]} x ' if decided['gpus'] > 1 else ''
    shared = ', which share the network out (FSDP2)' if decided['sharded'] else ''
    return f'{several}{torch.cuda.get_device_name()}{shared}'


def short_sides(paths: Iterable[str]) -> list[int]:
    """Return the short sides of some images, spread over all, in pixels."""
    paths = list(paths)
    sides = []
    for path in paths[:: max(1, len(paths) // _LOOKED_AT)]:
        try:
            sides.append(min(EncodedImage(read_image_file(path)).shape))
        except (OSError, UnreadableImageError):
            continue  # named in training
    return sides or [224]


def are_photographs(paths: Iterable[str]) -> bool:
    """Whether a few images, spread over all, are of 8 bits and three channels.

    Raises:
        ValueError: They differ in dtype or channels, or none can be read.
    """
    paths = list(paths)
    return measure(paths[:: max(1, len(paths) // _GLANCED_AT)], sample=_GLANCED_AT).is_rgb


def keep_colors(cfg: Config, other: str) -> None:
    """Take the transforms of the recipe for images that are no photographs.

    Args:
        cfg: Changed in place.
        other: That recipe, below ``configs/``: it changes no colors, which are those of 8 bits.
    """
    channels = Config.fromfile(shipped(f'configs/{other}'))
    for name in ('train_dataloader', 'val_dataloader'):
        cfg[name].dataset.pipeline = channels[name].dataset.pipeline


def all_transforms(cfg: Config) -> Iterator[dict]:
    """Yield the transforms of training, validation and test, each object once."""
    seen = set()
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        for each in (cfg.get(loader) or {}).get('dataset', {}).get('pipeline', ()):
            if id(each) not in seen:
                seen.add(id(each))
                yield each
