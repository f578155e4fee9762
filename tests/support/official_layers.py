"""How the official fine-tuning numbers layers (paper appendix A.2), in this package's names."""


def official_single(name: str, depths: tuple[int, ...]) -> int:
    """Return the layer of a backbone's parameter, each block its own; the last is what follows."""
    part, stage, *rest = name.split('.')
    if part == 'downsample_layers':
        return 1 if stage == '0' else sum(depths[: int(stage)]) + 1
    if part == 'stages':
        return sum(depths[: int(stage)]) + int(rest[0]) + 1
    return sum(depths) + 1


def official_group(name: str) -> int:
    """Return the layer among twelve groups, which are made for base, large and huge."""
    part, stage, *rest = name.split('.')
    if part not in ('downsample_layers', 'stages'):
        return 13
    if part == 'downsample_layers':
        return {'0': 0, '1': 2, '2': 3, '3': 12}[stage]
    return {'0': 1, '1': 2, '2': 3 + int(rest[0]) // 3, '3': 12}[stage]
