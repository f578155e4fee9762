"""Wrong types and values for every argument of every public class: one sentence, no depth."""

import inspect
import re
import traceback
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn

import mmcnx2
from mmcnx2 import apis, datasets, engine, models, rivals
from mmcnx2.analysis import hooks
from mmcnx2.apis.exporting.files import trace
from mmcnx2.apis.exporting.kinds import make_program
from mmcnx2.archs import ARCHS
from mmcnx2.nn.convnextv2 import ConvNeXtV2 as PlainConvNeXtV2
from mmcnx2.nn.layer_depth import LAYER_DECAY_TYPES
from mmcnx2.nn.response import RESPONSES
from mmcnx2.processes.signals import MAY_TELL
from tests.support.toy import ARCH

PACKAGE = Path(mmcnx2.__file__).parent
FRAMES = 16
"""At most so many calls lie between a user's line and the refusal: from a network through the
generators of its stages to what follows a block's GELU, two more if it is registered."""


def whole(minimum: int, maximum: float = float('inf')) -> Callable:
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and minimum <= v <= maximum


def number(test: Callable) -> Callable:
    return lambda v: isinstance(v, int | float) and not isinstance(v, bool) and test(v)


def one_of(*names) -> Callable:
    return lambda v: isinstance(v, str | None) and v in names


def either(*rules: Callable) -> Callable:
    return lambda v: any(rule(v) for rule in rules)


def several(rule: Callable, lengths=range(99)) -> Callable:
    return lambda v: isinstance(v, list | tuple) and len(v) in lengths and all(map(rule, v))


def ascending(test: Callable) -> Callable:
    pair = several(number(test), [2])
    return lambda v: pair(v) and v[0] <= v[1]


def nothing(value) -> bool:
    return value is None


def flag(value) -> bool:
    return isinstance(value, bool)


def text(value) -> bool:
    return isinstance(value, str)


def mapping(value) -> bool:
    return isinstance(value, dict)


def anything(value) -> bool:
    return True


def refused(value) -> bool:
    """Only what VALID has will do."""
    return False


COUNT, INTEGER = whole(1), whole(-(2**63), 2**63 - 1)
SHARE = number(lambda v: 0 <= v <= 1)
INSIDE = number(lambda v: 0 < v < 1)
OPS = one_of('auto', 'torch', 'triton', 'numba')
SCOPES = one_of('image', 'batch')
CONFIG = mapping
MAYBE_CONFIG = either(nothing, mapping)
PIPELINE = several(either(mapping, callable))
INIT = either(nothing, mapping, several(mapping))

DECODER = dict(patch_size=COUNT, out_channels=COUNT)
UNET = DECODER | dict(
    in_channels=several(COUNT, range(1, 99)), patch_size=whole(8), use_grn=flag, ops=OPS
)
SCHEDULE = dict(optimizer=refused, begin=whole(0), end=whole(0))
MILESTONE = number(lambda v: 0 <= v < 1 or v >= 1 and v == v // 1)
FINITE = number(lambda v: abs(v) < float('inf'))
POSITIVE = number(lambda v: 0 < v < float('inf'))
READING = dict(
    backend_args=MAYBE_CONFIG, max_pixels=whole(1, 2**30), max_bytes=whole(1, 2**31 - 1),
    bands=either(nothing, several(COUNT, range(1, 65))),
    window=either(
        nothing, lambda v: v is True, lambda v: several(FINITE, [2])(v) and POSITIVE(v[1])
    ),
    key=either(nothing, text), nodata=either(nothing, FINITE),
    fill=either(nothing, several(FINITE)),
)  # fmt: skip
MOMENTS = dict(non_blocking=flag, mean=several(FINITE, [2]), std=several(POSITIVE, [2]))
FCMAE = dict(
    backbone=CONFIG, neck=CONFIG, head=CONFIG, masking=MAYBE_CONFIG,
    data_preprocessor=MAYBE_CONFIG, init_cfg=INIT,
)  # fmt: skip
BACKBONE = dict(
    arch=one_of(*ARCHS),
    layout=one_of('packed', 'masked', 'dense', 'minkowski'),
    ops=OPS,
    in_channels=COUNT,
    stem=one_of(None, 'sum', 'repeat', 'new'),
    stem_patch_size=COUNT,
    out_indices=either(whole(-4, 3), several(whole(-4, 3))),
    drop_path_rate=number(lambda v: 0 <= v < 1),
    use_grn=flag,
    layer_scale_init_value=number(lambda v: 0 <= v < float('inf')),
    grn_scope=SCOPES,
    response=one_of(None, *RESPONSES),
    final_norm=flag,
    gap_before_final_norm=flag,
    frozen_stages=whole(-1, 4),
    with_cp=flag,
)
RULES = {
    PlainConvNeXtV2: BACKBONE,
    models.ConvNeXtV2: BACKBONE | dict(init_cfg=INIT, pretrained=nothing),
    models.FCMAE: FCMAE,
    rivals.DenseFCMAE: FCMAE,
    rivals.SkipFCMAE: FCMAE,
    models.ImageClassifier: dict(backbone=CONFIG, num_classes=either(nothing, COUNT)),
    models.FCMAEDecoder: DECODER
    | dict(
        in_channels=COUNT,
        embed_dims=COUNT,
        depth=COUNT,
        use_grn=flag,
        grn_scope=SCOPES,
        response=one_of(None, *RESPONSES),
        ops=OPS,
    ),
    rivals.UNetDecoder: UNET,
    rivals.SkipUNetDecoder: UNET,
    rivals.TransformerDecoder: DECODER
    | dict(in_channels=COUNT, embed_dims=COUNT, depth=whole(0), num_heads=whole(1, 16)),
    models.SelfSupDataPreprocessor: MOMENTS,
    models.ClsDataPreprocessor: MOMENTS | dict(batch_augments=MAYBE_CONFIG),
    models.FCMAEPretrainHead: dict(patch_size=COUNT, norm_pix=flag),
    models.RandomMasking: dict(ratio=INSIDE, seed=either(nothing, INTEGER)),
    datasets.LoadEncodedImage: READING,
    datasets.LoadImageFromFile: READING | dict(to_float32=flag),
    datasets.DecodeRandomResizedCrop: dict(
        scale=either(COUNT, several(COUNT, [2])),
        crop_ratio_range=ascending(lambda v: 0 < v <= 1),
        aspect_ratio_range=ascending(lambda v: 0 < v < float('inf')),
        max_attempts=COUNT,
        flip_prob=SHARE,
    ),
    datasets.ImageFolderUnlabelled: dict(
        data_root=refused,
        pipeline=PIPELINE,
        extensions=either(nothing, several(text)),
        max_unreadable=SHARE,
    ),
    datasets.ImageShards: dict(
        data_root=refused,
        pipeline=PIPELINE,
        shuffle_buffer=COUNT,
        max_unreadable=SHARE,
        index=refused,
    ),
    hooks.FeatureDiversityHook: dict(
        interval=COUNT,
        num_images=COUNT,
        mask_ratio=either(nothing, INSIDE),
        threshold=number(lambda v: 0 <= v <= 0.5),
    ),
    engine.AtomicCheckpointHook: dict(fallback_dir=either(nothing, text), background=flag),
    engine.FiniteLossHook: dict(patience=COUNT, max_share=SHARE),
    engine.LossSpikeHook: dict(
        window=whole(2),
        deviations=number(lambda v: 1 <= v < float('inf')),
        rollbacks=whole(0),
        left_out=COUNT,
    ),
    engine.CosineAnnealingLR: SCHEDULE | dict(begin=MILESTONE),
    engine.MultiStepLR: SCHEDULE | dict(milestones=several(MILESTONE)),
    engine.PolyLR: SCHEDULE | dict(begin=MILESTONE),
    engine.MirrorHook: dict(
        address=lambda v: text(v) and bool(v.strip()) and '::' not in v and '://' not in v,
        interval=COUNT,
        keep=COUNT,
        options=MAYBE_CONFIG,
    ),
    engine.UnreadableImagesHook: dict(max_unreadable=SHARE),
    hooks.KNNHook: dict(
        queries=CONFIG,
        bank=MAYBE_CONFIG,
        interval=COUNT,
        k=COUNT,
        temperature=number(lambda v: 0 < v < float('inf')),
        size=COUNT,
        batch_size=COUNT,
        num_workers=whole(0),
    ),
    engine.JoinedOptimWrapperConstructor: dict(
        optim_wrapper_cfg=CONFIG, paramwise_cfg=MAYBE_CONFIG
    ),
    engine.LayerDecayOptimWrapperConstructor: dict(optim_wrapper_cfg=CONFIG, paramwise_cfg=refused),
    engine.PreemptionHook: dict(signals=several(one_of(*MAY_TELL)), exit_code=whole(0, 255)),
    engine.WatchdogHook: dict(
        seconds=number(lambda v: 0 < v <= 1e9), exit_code=either(nothing, whole(1, 255))
    ),
    hooks.ReconstructionHook: dict(
        images=either(nothing, text, several(text)),
        num_images=COUNT,
        interval=COUNT,
        size=either(nothing, COUNT),
        ratio=either(nothing, INSIDE),
        seed=INTEGER,
    ),
    apis.FCMAEInferencer: dict(
        config=refused, checkpoint=refused, device=one_of(None, 'cpu'), size=COUNT
    ),
    make_program: dict(
        model=refused,
        part=one_of('all', 'features', 'reconstruction'),
        precision=one_of('fp32', 'fp16', 'int8'),
    ),
    trace: dict(program=refused),
}
"""What is right for each argument, of a value of any type that it is tried with."""

PARTS = dict(
    backbone=dict(type='mmcnx2.ConvNeXtV2', arch=ARCH),
    neck=dict(type='mmcnx2.FCMAEDecoder', in_channels=ARCH['channels'][-1], embed_dims=8),
    head=dict(type='mmcnx2.FCMAEPretrainHead'),
)
OPTIMIZER = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
RATES = dict(layer_decay_type='single', layer_decay_rate=0.9)
VALID = {
    models.FCMAE: PARTS,
    rivals.DenseFCMAE: PARTS,
    rivals.SkipFCMAE: PARTS,
    models.ImageClassifier: dict(backbone=PARTS['backbone']),
    models.SelfSupDataPreprocessor: dict(mean=[1.0, 2.0], std=[1.0, 2.0]),
    models.ClsDataPreprocessor: dict(mean=[1.0, 2.0], std=[1.0, 2.0]),
    models.FCMAEDecoder: dict(in_channels=8, embed_dims=8),
    rivals.UNetDecoder: dict(in_channels=(4, 4, 8, 8)),
    rivals.SkipUNetDecoder: dict(in_channels=(4, 4, 8, 8)),
    rivals.TransformerDecoder: dict(in_channels=8, embed_dims=16, depth=1),
    PlainConvNeXtV2: dict(arch=ARCH),
    models.ConvNeXtV2: dict(arch=ARCH),
    datasets.DecodeRandomResizedCrop: dict(scale=8),
    datasets.ImageFolderUnlabelled: dict(data_root='no folder', pipeline=[]),
    datasets.ImageShards: dict(data_root='no folder'),
    hooks.KNNHook: dict(queries=dict(type='CustomDataset')),
    engine.CosineAnnealingLR: dict(optimizer=OPTIMIZER),
    engine.MultiStepLR: dict(optimizer=OPTIMIZER, milestones=[1], end=9),
    engine.PolyLR: dict(optimizer=OPTIMIZER),
    engine.MirrorHook: dict(address='no folder'),
    engine.JoinedOptimWrapperConstructor: dict(
        optim_wrapper_cfg=dict(optimizer=dict(type='SGD', lr=0.1))
    ),
    engine.LayerDecayOptimWrapperConstructor: dict(
        optim_wrapper_cfg=dict(optimizer=dict(type='SGD', lr=0.1)), paramwise_cfg=RATES
    ),
    apis.FCMAEInferencer: dict(config=__file__, checkpoint=__file__),
    make_program: dict(model=nn.Identity()),
}
"""The other arguments, so that the one that is tried is what is wrong."""

NUMBERS = st.one_of(
    st.integers(-9, 9), st.integers(), st.floats(-2, 2), st.floats(), st.booleans(), st.none()
)
NAMES = st.one_of(st.text(max_size=9), st.sampled_from(['', 'auto', 'three', '3', 'SIGTERM']))
SIMPLE = st.one_of(NUMBERS, NAMES, st.binary(max_size=4), st.builds(object))
VALUES = st.one_of(
    SIMPLE,
    st.lists(SIMPLE, max_size=3),
    st.tuples(NUMBERS, NUMBERS),
    st.dictionaries(st.text(max_size=4), SIMPLE, max_size=2),
)
CASES = [
    pytest.param(subject, name, id=f'{subject.__name__}.{name}')
    for subject, rules in RULES.items()
    for name in rules
]


def public_classes() -> list[type]:
    """Return what the package offers to configs, where it says itself what it takes."""
    modules = (models, rivals, datasets, engine, hooks, apis)
    named = [getattr(module, name) for module in modules for name in module.__all__]
    return [
        entry
        for entry in named
        if inspect.isclass(entry)
        and not is_dataclass(entry)  # a result, which nobody asks for by argument
        and getattr(entry.__init__, '__module__', '').startswith('mmcnx2')
        and arguments_of(entry)
    ]


def arguments_of(subject: Callable) -> list[str]:
    return [
        name
        for name, parameter in inspect.signature(subject).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


@pytest.mark.parametrize(
    'subject', dict.fromkeys([*public_classes(), *RULES]), ids=lambda s: s.__name__
)
def test_every_argument_has_a_rule(subject):
    assert subject in RULES, f'{subject.__name__} is new: say here what its arguments may be'
    assert set(arguments_of(subject)) == set(RULES[subject])


@pytest.mark.parametrize(('subject', 'name'), CASES)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(value=VALUES)
def test_what_is_wrong_is_refused_in_a_sentence(subject, name, value):
    assume(not RULES[subject][name](value))
    with pytest.raises((ValueError, TypeError, FileNotFoundError)) as refusal:
        subject(**VALID.get(subject, {}) | {name: value})
    assert_one_sentence(refusal.value, name, value)


def assert_one_sentence(error: Exception, name: str, value) -> None:
    """Check that an error can be understood and comes from near by."""
    said = str(error)
    assert '\n' not in said.strip('\n') or '\n' in repr(value), said
    assert name in said or repr(value)[:20] in said or str(value)[:20] in said, said
    assert not re.search(r'\. [A-Z]', said.replace(str(value), '')), f'two sentences: {said}'
    frames = traceback.extract_tb(error.__traceback__)
    assert Path(frames[-1].filename).is_relative_to(PACKAGE), f'{frames[-1]}: {said}'
    assert len(frames) <= FRAMES, [f'{frame.filename}:{frame.lineno}' for frame in frames]


@given(value=VALUES)
@settings(max_examples=40, deadline=None, derandomize=True)
@pytest.mark.parametrize('name', RATES)
def test_options_of_layer_decay_too(name, value):
    right = dict(
        layer_decay_type=one_of(*LAYER_DECAY_TYPES),
        layer_decay_rate=number(lambda v: 0 < v <= 1),
    )
    assume(not right[name](value))
    subject = engine.LayerDecayOptimWrapperConstructor
    options = VALID[subject] | dict(paramwise_cfg=RATES | {name: value})
    with pytest.raises((ValueError, TypeError)) as refusal:
        subject(**options)
    assert_one_sentence(refusal.value, name, value)


@given(value=VALUES, key=st.sampled_from(['depths', 'channels']))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_entries_of_an_architecture_too(key, value):
    assume(not several(COUNT, [4])(value))
    with pytest.raises((ValueError, TypeError)) as refusal:
        PlainConvNeXtV2(dict(ARCH) | {key: value})
    assert_one_sentence(refusal.value, 'arch', value)
