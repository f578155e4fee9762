"""The paper's ImageNet settings, as its tables have them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A column of one of the paper's tables."""

    name: str
    size: str
    batch: int
    base_lr: float  # per 256 images
    weight_decay: float
    layer_decay: tuple[str, float] | None
    epochs: int
    warmup: int
    smoothing: float
    mixup: tuple[float, float] | None  # alphas of mixup and cutmix
    drop_path: float
    ema: float | None
    head_std: float = 0.02 * 0.001
    classes: int = 1000
    pixels: int = 224
    grn: bool = True


def fine_tuning() -> list[Recipe]:
    """Tables 9 to 11. Base's and large's rates as in the official command, huge's as printed."""
    columns = dict(
        #           rate     decay  layer decay       epochs, warm-up, smoothing, mixing, drop path
        atto=(2e-4, 0.3, ('single', 0.9), 600, 0, 0.2, None, 0.1),
        femto=(2e-4, 0.05, ('single', 0.9), 600, 0, 0.2, (0.3, 0.3), 0.0),
        pico=(2e-4, 0.3, ('single', 0.9), 600, 0, 0.2, (0.3, 0.3), 0.0),
        nano=(2e-4, 0.3, ('single', 0.9), 600, 0, 0.2, (0.5, 0.5), 0.1),
        tiny=(8e-4, 0.05, ('single', 0.9), 300, 40, 0.1, (0.8, 1.0), 0.2),
        base=(6.25e-4, 0.05, ('group', 0.6), 100, 20, 0.1, (0.8, 1.0), 0.1),
        large=(6.25e-4, 0.05, ('group', 0.6), 100, 20, 0.1, (0.8, 1.0), 0.2),
        huge=(1.25e-3, 0.05, ('single', 0.75), 50, 10, 0.1, (0.8, 1.0), 0.3),
    )
    return [
        Recipe(
            name=f'convnextv2-{size}_fcmae-pre_32xb32-amp-coslr-{epochs}e_in1k',
            size=size,
            batch=1024,
            base_lr=rate,
            weight_decay=decay,
            layer_decay=layers,
            epochs=epochs,
            warmup=warmup,
            smoothing=smoothing,
            mixup=mixup,
            drop_path=drop_path,
            ema=0.9999,
        )
        for size, (
            rate, decay, layers, epochs, warmup, smoothing, mixup, drop_path,
        ) in columns.items()
    ]  # fmt: skip


def from_scratch() -> list[Recipe]:
    """ConvNeXt V1's settings, which the paper's supervised rows (Table 14) are taken to share."""
    drop_paths = dict(atto=0.1, femto=0.0, pico=0.0, nano=0.1, tiny=0.1, base=0.5, large=0.5)
    return [
        Recipe(
            name=f'{model}-{size}_64xb64-amp-coslr-300e_in1k',
            size=size,
            batch=4096,
            base_lr=4e-3 * 256 / 4096,
            weight_decay=0.05,
            layer_decay=None,
            epochs=300,
            warmup=20,
            smoothing=0.1,
            mixup=(0.8, 1.0),
            drop_path=drop_path,
            ema=0.9999,
            head_std=0.02,
            grn=model == 'convnextv2',
        )
        for model in ('convnext', 'convnextv2')
        for size, drop_path in drop_paths.items()
    ]


def on_imagenet_22k() -> list[Recipe]:
    """Table 12; which sizes decay in groups is in appendix A.2."""
    columns = dict(
        nano=(('single', 0.9), 0.0),
        tiny=(('single', 0.9), 0.0),
        base=(('group', 0.8), 0.1),
        large=(('group', 0.8), 0.1),
        huge=(('single', 0.8), 0.3),
    )
    return [
        Recipe(
            name=f'convnextv2-{size}_fcmae-pre_64xb64-amp-coslr-90e_in21k',
            size=size,
            batch=4096,
            base_lr=2.5e-4,
            weight_decay=0.05,
            layer_decay=layers,
            epochs=90,
            warmup=5,
            smoothing=0.1,
            mixup=(0.8, 1.0),
            drop_path=drop_path,
            ema=None,
            classes=21841,
        )
        for size, (layers, drop_path) in columns.items()
    ]


def after_imagenet_22k() -> list[Recipe]:
    """Table 13, at the resolutions of Tables 5 and 15; huge at 224 px too."""
    columns = dict(
        nano=(90, ('single', 0.9), 0.1, 0.9999, (224, 384)),
        tiny=(90, ('single', 0.9), 0.1, 0.9999, (224, 384)),
        base=(30, ('group', 0.8), 0.2, 0.9999, (224, 384)),
        large=(30, ('group', 0.8), 0.3, 0.9999, (224, 384)),
        huge=(30, ('single', 0.85), 0.5, None, (224, 384, 512)),
    )
    return [
        Recipe(
            name=f'convnextv2-{size}_fcmae-in21k-pre_16xb32-amp-coslr-{epochs}e_in1k'
            + ('' if pixels == 224 else f'-{pixels}px'),
            size=size,
            batch=512,
            base_lr=2.5e-5,
            weight_decay=1e-8,
            layer_decay=layers,
            epochs=epochs,
            warmup=0,
            smoothing=0.1,
            mixup=None,
            drop_path=drop_path,
            ema=ema,
            pixels=pixels,
        )
        for size, (epochs, layers, drop_path, ema, resolutions) in columns.items()
        for pixels in resolutions
    ]


RECIPES = [*fine_tuning(), *from_scratch(), *on_imagenet_22k(), *after_imagenet_22k()]
"""What each config of configs/convnext_v2 for ImageNet holds."""
