"""A paper's config at the demo's scale: its model with the demo's sizes, data and schedule."""

from mmengine.config import Config

BASE_DECODER_WIDTH = 512
"""Of every pre-training config that does not ablate it (Table 1c); the demo's stands for it."""


def small_pretraining(real: Config, demo: Config, *, epochs: int) -> Config:
    """Return the demo's pre-training with another config's model.

    Args:
        real: A pre-training config; whatever its model says of anything but sizes is kept.
        demo: The demo's pre-training config.
        epochs: Length of the training; the warm-up keeps the demo's.
    """
    cfg, small = Config(demo.to_dict()), demo.model
    model = Config(real.to_dict()).model
    model.backbone.arch = dict(small.backbone.arch)
    if 'embed_dims' in model.neck:
        ratio = model.neck.embed_dims / BASE_DECODER_WIDTH
        model.neck.embed_dims = round(ratio * small.neck.embed_dims)
    cfg.model = model
    return _last(cfg, epochs)


def small_finetuning(real: Config, demo: Config, *, epochs: int, checkpoint: str | None) -> Config:
    """Return the demo's classification with another config's backbone.

    Args:
        real: A classification config; what its backbone says of anything but sizes, drop path and
            weights is kept.
        demo: The demo's classification config, from scratch.
        epochs: Length of the training; the warm-up keeps the demo's.
        checkpoint: Pre-trained weights, None for none.
    """
    cfg = Config(demo.to_dict())
    backbone = Config(real.to_dict()).model.backbone
    for name in ('arch', 'drop_path_rate', 'init_cfg'):
        backbone.pop(name, None)
    cfg.model.backbone = {**cfg.model.backbone, **backbone}
    if checkpoint:
        cfg.model.backbone.init_cfg = dict(
            type='Pretrained', checkpoint=checkpoint, prefix='backbone.'
        )
    return _last(cfg, epochs)


def _last(cfg: Config, epochs: int) -> Config:
    """Set the number of epochs in place: a warm-up, then the cosine; one checkpoint, at the end."""
    warmup = cfg.param_scheduler[0].end
    if epochs <= warmup:
        raise ValueError(f'epochs={epochs} must be more than the {warmup} of the warm-up.')
    cfg.train_cfg.max_epochs = epochs
    if 'val_interval' in cfg.train_cfg:
        cfg.train_cfg.val_interval = epochs
    cfg.default_hooks.checkpoint.interval = epochs
    cfg.default_hooks.logger.interval = 50
    return cfg
