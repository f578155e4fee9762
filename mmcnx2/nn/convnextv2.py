"""ConvNeXt V2: one set of weights and one forward, dense or under a mask. Needs torch alone."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from torch import Tensor, nn

from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints.adapt import STEMS, adapt_channels
from mmcnx2.checkpoints.loading import translate_on_load
from mmcnx2.checks import check_at_least, check_choice, check_types
from mmcnx2.nn.block import ConvNeXtV2Block
from mmcnx2.nn.downsample import Downsample, Stem
from mmcnx2.nn.inputs import check_inputs, known_mask
from mmcnx2.nn.layer_depth import layer_depth
from mmcnx2.nn.layouts import Layout, get_layout
from mmcnx2.nn.ops.choice import MAPS, PACKED, check_ops, choose_ops_for
from mmcnx2.nn.ops.transforms import needs_plain_torch
from mmcnx2.nn.scripting import graph_of_whole_images
from mmcnx2.nn.stage import Stage


class ConvNeXtV2(nn.Module):
    """ConvNeXt V2 (or V1) backbone.

    Args:
        arch: A name of :data:`ARCHS`, or ``dict(depths=..., channels=...)`` with one entry a stage.
        layout: How features are stored when a mask is given: 'packed' (fast), 'masked' (the
            definition), 'minkowski' (optional). Without a mask everything is dense.
        ops: Kernels: 'torch', 'triton', 'numba', or 'auto', which takes what was measured to be the
            fastest: Numba for packed rows on a CPU. On CUDA nothing was measured, so torch there.
        in_channels: Channels of the images.
        stem: How weights that were trained on images of another number of channels are loaded:
            'sum', 'repeat' or 'new', see :func:`mmcnx2.checkpoints.adapt.adapt_channels`; None
            refuses them.
        stem_patch_size: Kernel and stride of the stem in pixels.
        out_indices: Stages whose maps are returned, negative from the end.
        drop_path_rate: Rate of the last block, rising linearly from 0 at the first.
        use_grn: GRN in each block (V2) or none (V1).
        layer_scale_init_value: LayerScale's initial value (V1: 1e-6), 0 for none (V2).
        grn_scope: 'image' (the paper), or 'batch' (the official PyTorch pre-training).
        response: What stands in GRN's place instead, in the paper's ablations: a key of
            :data:`mmcnx2.nn.response.RESPONSES`, or ``dict(type=key, **options)``.
        final_norm: LayerNorm on each returned map, ``norm{i}``. Pre-training has none.
        gap_before_final_norm: Average each returned map over space first, as a classifier wants.
        frozen_stages: Number of stages, from the stem, that neither learn nor drop paths; 0 and, as
            in the toolboxes, -1 freeze nothing.
        with_cp: Recompute blocks in the backward (gradient checkpointing).

    Raises:
        ValueError: Unknown ``arch``, ``layout``, ``grn_scope`` or ``response``, or an option out
            of range.
    """

    @check_types
    def __init__(
        self,
        arch: str | dict = 'tiny',
        *,
        layout: str = 'packed',
        ops: str = 'auto',
        in_channels: int = 3,
        stem: str | None = None,
        stem_patch_size: int = 4,
        out_indices: int | Sequence[int] = -1,
        drop_path_rate: float = 0.0,
        use_grn: bool = True,
        layer_scale_init_value: float = 0.0,
        grn_scope: str = 'image',
        response: str | dict | None = None,
        final_norm: bool = True,
        gap_before_final_norm: bool = False,
        frozen_stages: int = 0,
        with_cp: bool = False,
    ):
        super().__init__()
        self.depths, self.channels = read_arch(arch)
        get_layout(layout)  # refuses what it does not know
        check_ops(ops)
        check_at_least(1, in_channels=in_channels, stem_patch_size=stem_patch_size)
        check_at_least(0, layer_scale_init_value=layer_scale_init_value)
        if stem is not None:
            check_choice(STEMS, stem=stem)
        self.layout, self.ops = layout, ops
        self.in_channels, self.stem = in_channels, stem
        if not 0 <= drop_path_rate < 1:
            raise ValueError(f'drop_path_rate={drop_path_rate} must be at least 0 and below 1.')
        stages = len(self.depths)
        if not -1 <= frozen_stages <= stages:
            raise ValueError(f'frozen_stages={frozen_stages} must be between -1 and {stages}.')
        self.out_indices = read_out_indices(out_indices, stages)
        self.frozen_stages = max(frozen_stages, 0)
        self.gap_before_final_norm = gap_before_final_norm
        self.strides = [stem_patch_size * 2**i for i in range(stages)]

        self.downsample_layers = nn.ModuleList(
            [Stem(in_channels, self.channels[0], stem_patch_size)]
            + [Downsample(*pair) for pair in pairwise(self.channels)]
        )
        last = max(sum(self.depths) - 1, 1)
        rates = (drop_path_rate * i / last for i in range(sum(self.depths)))
        self.stages = nn.ModuleList(
            Stage(
                ConvNeXtV2Block(
                    channels,
                    drop_path_rate=next(rates),
                    use_grn=use_grn,
                    layer_scale_init_value=layer_scale_init_value,
                    grn_scope=grn_scope,
                    response=response,
                    with_cp=with_cp,
                )
                for _ in range(depth)
            )
            for depth, channels in zip(self.depths, self.channels, strict=True)
        )
        for i in self.out_indices:
            norm = nn.LayerNorm(self.channels[i], eps=1e-6) if final_norm else nn.Identity()
            self.add_module(f'norm{i}', norm)
        self.apply(init_convnext_weights)
        self.register_load_state_dict_pre_hook(translate_on_load)
        self.register_load_state_dict_pre_hook(_adapt_stem)
        self.register_load_state_dict_pre_hook(_refuse_other_shapes)
        self._freeze()

    @classmethod
    def from_pretrained(cls, source: str | Path, **options) -> 'ConvNeXtV2':
        """Build the encoder of a checkpoint, V1 or V2, with its weights.

        Args:
            source: A published name (``mmcnx2.checkpoints.list_published``), which is fetched once;
                or the path or address of a checkpoint of any library.
            options: Arguments of the class. What they leave out is read from the weights: ``arch``,
                ``in_channels``, ``stem_patch_size``, ``use_grn``, ``layer_scale_init_value``, and
                ``final_norm``, which pre-training has none of.

        Raises:
            CheckpointError: It cannot be fetched or read, is no ConvNeXt, or does not fit what
                ``options`` ask for.
        """
        from mmcnx2.checkpoints.pretrained import load_into, read_pretrained

        found = read_pretrained(source)
        size = found.architecture
        own = dict(size.backbone_arguments(), final_norm=bool(size.norms))
        return load_into(cls(**own | options), found, source)

    def forward(self, images: Tensor, visible: Tensor | None = None) -> tuple[Tensor, ...] | Tensor:
        """Compute feature maps, of whole images or of what a mask leaves visible.

        Args:
            images: ``(N, C_in, H, W)``; H and W are at least the total stride (32) and, with
                ``visible``, multiples of it. Else each downsampling drops what is left over at the
                right and the bottom, as in timm and mmpretrain.
            visible: Bool ``(N, H / 32, W / 32)``, True where the encoder may look, on any device;
                None shows everything. For 'packed', the same count in every image.

        Returns:
            Without ``visible``, a tuple of the maps of ``out_indices``, ``(N, C, H', W')`` each,
            or ``(N, C)`` with ``gap_before_final_norm``. With it, the last stage's map alone,
            ``(N, C, h, w)``, zero at hidden patches: as pre-training sees it, so neither normalized
            by ``norm{i}``, which was never trained under a mask, nor averaged over space.

        Raises:
            ValueError: A size below the stride, under a mask one that it does not divide, or a
                ``visible`` of another shape.
            TypeError: A ``visible`` that is not bool.
        """
        visible = known_mask(visible)
        layouts = self.plan(images, visible)
        features = self.encode(images, layouts)
        if visible is None:
            return tuple(self._to_output(features[i], i, layouts[i]) for i in self.out_indices)
        return layouts[-1].to_maps(features[-1])

    def plan(self, images: Tensor, visible: Tensor | None) -> list[Layout]:
        """Return each stage's layout for these images; arguments and errors of :meth:`forward`.

        Where somebody follows the operations (:func:`needs_plain_torch`) a mask is a tensor like
        others: the masked layout computes with it, and the packed one, of equal numbers, would
        read it instead.
        """
        check_inputs(images, visible, self.strides[-1])
        masked = 'masked' if needs_plain_torch(images) else self.layout
        layout = get_layout('dense' if visible is None else masked)
        ops = choose_ops_for(self.ops, images, MAPS if visible is None else PACKED)
        return layout.plan(visible, self.strides, images.device, ops=ops)

    def encode(self, images: Tensor, layouts: Sequence[Layout]) -> list[Tensor]:
        """Return each stage's features, channels last, in that stage's layout.

        Args:
            images: ``(N, C_in, H, W)``.
            layouts: One a stage, planned for these images.
        """
        x, features = images, []
        for downsample, stage, layout in zip(
            self.downsample_layers, self.stages, layouts, strict=True
        ):
            x = stage(downsample(x, layout), layout)
            features.append(x)
        return features

    def get_layer_depth(
        self, param_name: str, prefix: str = '', layer_decay_type: str = 'group'
    ) -> tuple[int, int]:
        """Return the layer of a parameter and the number of layers, for layer-wise rate decay.

        Args:
            param_name: A parameter of this backbone or of the model around it.
            prefix: What the backbone's parameters begin with in that model, such as 'backbone.';
                others belong to the last layer, after the backbone.
            layer_decay_type: How to count; 'group' is how mmpretrain counts its own ConvNeXt, whose
                layer-decay constructor asks without it. See
                :data:`mmcnx2.nn.layer_depth.LAYER_DECAY_TYPES`.

        Raises:
            ValueError: Unknown ``layer_decay_type``.
        """
        own = param_name.removeprefix(prefix) if param_name.startswith(prefix) else ''
        return layer_depth(own, self.depths, layer_decay_type)

    def train(self, mode: bool = True) -> 'ConvNeXtV2':
        """Set training mode; frozen stages stay in evaluation mode."""
        super().train(mode)
        self._freeze()
        return self

    def __prepare_scriptable__(self) -> nn.Module:
        """Return what ``torch.jit.script`` compiles in this network's place."""
        return graph_of_whole_images(self)

    def _to_output(self, x: Tensor, stage: int, layout: Layout) -> Tensor:
        norm = getattr(self, f'norm{stage}')
        if self.gap_before_final_norm:
            return norm(x.mean((1, 2)))
        return layout.to_maps(norm(x))

    def _freeze(self) -> None:
        for module in (
            *self.downsample_layers[: self.frozen_stages],
            *self.stages[: self.frozen_stages],
        ):
            module.eval().requires_grad_(False)


def init_convnext_weights(module: nn.Module) -> None:
    """Initialize one layer: normal of std 0.02, truncated at two of them, zero bias.

    The official pre-training means this too, but ends at std 1.0 for most layers by accident.
    """
    if isinstance(module, nn.Conv2d | nn.Linear):
        # torch's trunc_normal_ cuts at absolute bounds, -2 and 2 unless told.
        nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def read_arch(arch: str | dict) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return blocks and channels of each stage.

    Args:
        arch: As for :class:`ConvNeXtV2`.

    Raises:
        ValueError: An unknown name, or lists that are not one count a stage.
    """
    if isinstance(arch, str):
        if arch not in ARCHS:
            raise ValueError(
                f'arch={arch!r} is unknown: use one of {", ".join(ARCHS)}, '
                'or dict(depths=..., channels=...).'
            )
        arch = ARCHS[arch]
    if not isinstance(arch, dict) or set(arch) != {'depths', 'channels'}:
        raise ValueError(f'arch={arch!r} must be a name or dict(depths=..., channels=...).')
    lists = (arch['depths'], arch['channels'])
    if not all(isinstance(counts, list | tuple) and _are_counts(counts) for counts in lists):
        raise ValueError(f'arch={arch!r} must have whole numbers, 1 or more, in both lists.')
    depths, channels = map(tuple, lists)
    if not depths or len(depths) != len(channels):
        raise ValueError(
            f'arch has depths={depths} and channels={channels}, '
            'but needs one of each for every stage.'
        )
    return depths, channels


def _are_counts(values: Sequence) -> bool:
    return all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in values)


def read_out_indices(out_indices: int | Sequence[int], stages: int) -> tuple[int, ...]:
    """Return the stages whose maps are the outputs, counted from 0.

    Args:
        out_indices: As for :class:`ConvNeXtV2`; negative ones count from the last stage.
        stages: Number of stages.

    Raises:
        ValueError: There is no such stage.
    """
    indices = (out_indices,) if isinstance(out_indices, int) else tuple(out_indices)
    for i in indices:
        if not -stages <= i < stages:
            raise ValueError(
                f'out_indices={out_indices} names stage {i}, but there are {stages}: '
                f'use {-stages} to {stages - 1}.'
            )
    return tuple(i % stages for i in indices)


_STEM = 'downsample_layers.0.0.weight'


def _adapt_stem(module, state_dict, prefix, *_) -> None:
    """Let weights see the channels of this model, in the way that it names."""
    given = state_dict.get(prefix + _STEM)
    if module.stem and given is not None and given.shape[1] != module.in_channels:
        state_dict[prefix + _STEM] = adapt_channels(given, module.in_channels, module.stem)


def _refuse_other_shapes(module, state_dict, prefix, *_) -> None:
    """Refuse weights of another size by name; toolboxes would skip them with a warning at most."""
    wrong = [
        f'{prefix}{name} is {tuple(state_dict[prefix + name].shape)}, needs {tuple(own.shape)}'
        for name, own in module.state_dict().items()
        if prefix + name in state_dict and state_dict[prefix + name].shape != own.shape
    ]
    if wrong:
        given = state_dict.get(prefix + _STEM)
        other = given is not None and given.shape[1] != module.in_channels
        ways = ", or say how the stem sees other channels with stem='sum', 'repeat' or 'new'"
        more = f' and {len(wrong) - 3} more' if len(wrong) > 3 else ''
        raise ValueError(
            f'the checkpoint does not fit this ConvNeXtV2: {"; ".join(wrong[:3])}{more}: '
            'use the arch, in_channels and stem_patch_size that it was trained with'
            f'{ways if other else ""}.'
        )
