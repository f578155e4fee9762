"""Which models have an export, and as what."""

import torch
from torch import nn

from mmcnx2.apis.exporting.program import Program
from mmcnx2.checkpoints.untrained import check_trained
from mmcnx2.checks import check_choice, check_types
from mmcnx2.choices import EXPORT_PARTS
from mmcnx2.nn.convnextv2 import ConvNeXtV2

DTYPES = dict(fp32=torch.float32, fp16=torch.float16, int8=torch.float32)
"""Precision to the type that a network is traced in; int8 is made of float32 afterwards."""


@check_types
def make_program(model: nn.Module, *, part: str = 'all', precision: str = 'fp32') -> Program:
    """Return what of a model is exported, in the form that it is exported in.

    Args:
        model: Trained, on the CPU; it is not changed.
        part: 'all' for what the model predicts (of FCMAE its encoder's features), 'features' for
            the encoder of any model, 'reconstruction' for FCMAE with its decoder.
        precision: 'fp32', 'fp16' or 'int8'.

    Raises:
        ValueError: A model, or a part of it, that has no export, or whose head is untrained.
    """
    check_choice(EXPORT_PARTS, part=part)
    check_choice(DTYPES, precision=precision)
    kind = _kind(model) if part == 'all' else part
    backbone = getattr(model, 'backbone', None)
    if not isinstance(backbone, ConvNeXtV2):
        raise ValueError(
            f'{type(model).__name__} with the backbone {type(backbone).__name__} has no export: '
            "only models with mmcnx2's ConvNeXtV2 have one."
        )
    if kind != 'features':
        check_trained(model)
    return _program(kind, model)(model.eval(), DTYPES[precision])


def _kind(model: nn.Module) -> str:
    """Say what a model is for by the classes that it is made of, whose toolboxes may be absent."""
    names = {f'{each.__module__.partition(".")[0]}.{each.__name__}' for each in type(model).__mro__}
    for name, kind in {
        'mmpretrain.ImageClassifier': 'classifier',
        'mmdet.TwoStageDetector': 'two_stage',
        'mmdet.SingleStageDetector': 'one_stage',
        'mmseg.EncoderDecoder': 'segmentor',
        'mmcnx2.MaskedAutoencoding': 'features',
    }.items():
        if name in names:
            return kind
    raise ValueError(
        f'{type(model).__name__} has no export: classifiers, detectors of two stages (Faster, Mask '
        "and Cascade R-CNN) and of one (RTMDet, RetinaNet, FCOS, ATSS), mmseg's EncoderDecoder and "
        "FCMAE have one, and of any model with our backbone its encoder, by part='features'."
    )


def _program(kind: str, model: nn.Module) -> type[Program]:
    match kind:
        case 'classifier':
            from mmcnx2.apis.exporting.classifier import ClassifierProgram

            return ClassifierProgram
        case 'two_stage':
            from mmcnx2.apis.exporting.two_stage import TwoStageProgram

            return TwoStageProgram
        case 'one_stage':
            from mmcnx2.apis.exporting.one_stage import OneStageProgram

            return OneStageProgram
        case 'segmentor':
            from mmcnx2.apis.exporting.segmentor import SegmentorProgram

            return SegmentorProgram
        case 'features':
            from mmcnx2.apis.exporting.features import FeaturesProgram

            return FeaturesProgram
        case _:
            from mmcnx2.apis.exporting.reconstruction import ReconstructionProgram
            from mmcnx2.models.fcmae import FCMAE

            if not isinstance(model, FCMAE):
                raise ValueError(
                    f'{type(model).__name__} reconstructs nothing: give a run of pre-training, or '
                    "leave part='reconstruction' out."
                )
            return ReconstructionProgram
