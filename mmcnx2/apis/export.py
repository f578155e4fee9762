"""A classifier as a program that runs without this package: ``torch.export`` or ONNX."""

from collections.abc import Callable
from pathlib import Path

import torch
from mmpretrain.models import ImageClassifier
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from mmcnx2.checkpoints.untrained import check_trained
from mmcnx2.checks import check_types
from mmcnx2.choices import EXPORT_FORMATS
from mmcnx2.outputs import new_file

CHECKED_SIZES = ((1, 64, 64), (2, 96, 160), (3, 224, 224))
TOLERANCE = 1e-4


class PixelsToLogits(nn.Module):
    """A classifier with its normalization inside.

    Args:
        model: On the CPU. It is put into evaluation mode.

    Raises:
        ValueError: If it is no classifier, or its head is untrained.
    """

    def __init__(self, model: ImageClassifier):
        super().__init__()
        if not isinstance(model, ImageClassifier):
            raise ValueError(
                f'{type(model).__name__} is no classifier: export takes configs whose model is an '
                'ImageClassifier.'
            )
        check_trained(model)
        self.model = model.eval()
        self.normalize = model.data_preprocessor._enable_normalize

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(N, classes)``.

        Args:
            images: ``(N, C, H, W)``, float32, as files hold them: RGB in 0..255, or any channels
                in the files' order and units; H and W are multiples of the stride.
        """
        if self.normalize:
            processor = self.model.data_preprocessor
            images = (images - processor.mean) / processor.std
        return self.model(images, mode='tensor')


@check_types
def export_program(net: PixelsToLogits) -> ExportedProgram:
    """Trace the classifier for any number of images of any size.

    Its one input is ``images``; height and width are multiples of the stride (32), from twice the
    stride on.
    """
    stride = net.model.backbone.strides[-1]
    # Two of everything, and no two alike: a one would be taken for a constant.
    example = torch.zeros(2, net.model.backbone.in_channels, 2 * stride, 3 * stride)
    height, width = (stride * Dim(name, min=2) for name in ('rows', 'columns'))
    shapes = dict(images={0: Dim('batch'), 2: height, 3: width})
    return torch.export.export(net, (example,), dynamic_shapes=shapes)


@check_types
def save_program(program: ExportedProgram, path: str | Path) -> Callable[[Tensor], Tensor]:
    """Write a program and return it as read back from the file.

    Args:
        program: Program of :func:`export_program`.
        path: Ends in ``.pt2`` (for ``torch.export.load``) or ``.onnx``, whose output is ``logits``.
            Beyond 2 GB the weights of an ONNX file lie beside it.

    Raises:
        OSError: If it cannot be written. Another file of its name is moved aside.
        ValueError: If it ends in something else.
        ImportError: If a package that ONNX needs is not installed.
    """
    path = Path(path)
    if path.suffix not in EXPORT_FORMATS:
        known = ' or '.join(EXPORT_FORMATS)
        raise ValueError(f"'{path}' must end in {known}, which picks the format.")
    if path.suffix == '.pt2':
        with new_file(path) as draft:
            torch.export.save(program, draft)
        return torch.export.load(path).module()
    try:
        import onnxruntime
        import onnxscript  # noqa: F401  (torch.onnx would find out later)
    except ImportError as error:
        raise ImportError(
            f'{error.name} is not installed: run `pip install onnx onnxscript onnxruntime`, or '
            'export to .pt2.'
        ) from None
    converted = torch.onnx.export(
        program, input_names=['images'], output_names=['logits'], verbose=False, dynamo=True
    )
    with new_file(path) as draft:
        converted.save(draft)
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    return lambda images: torch.from_numpy(session.run(None, {'images': images.numpy()})[0])


@torch.no_grad()
def deviations(
    net: PixelsToLogits, exported: Callable[[Tensor], Tensor]
) -> dict[tuple[int, int, int], float]:
    """Compare an exported program with its classifier on random images.

    Args:
        net: The classifier.
        exported: File of :func:`save_program`.

    Returns:
        The largest difference of logits, for each of :data:`CHECKED_SIZES`, ``(N, H, W)``.
    """
    generator = torch.Generator().manual_seed(0)
    found = {}
    for n, height, width in CHECKED_SIZES:
        channels = net.model.backbone.in_channels
        images = torch.rand(n, channels, height, width, generator=generator)
        if net.normalize:  # three deviations to each side of the mean
            processor = net.model.data_preprocessor
            images = processor.mean + 3 * processor.std * (2 * images - 1)
        found[n, height, width] = (exported(images) - net(images)).abs().max().item()
    return found
