"""Whole numbers of 8 bits in an ONNX file, by onnxruntime's static quantization."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mmcnx2.apis.exported.model import FACTS, open_picture
from mmcnx2.apis.exported.prepare import prepare
from mmcnx2.checks import check_not_empty
from mmcnx2.outputs import new_file

MOST_PICTURES = 100
"""Of a calibration folder: ranges of values do not change beyond."""


def quantize(source: Path, out: Path, photos: Sequence[Path], facts: dict) -> None:
    """Have convolutions and matrices of weights computed in 8 bits.

    Products of two computed matrices, which place masks and pool maps, stay as they are.

    Args:
        source: An ONNX file with one input, ``images``.
        out: File to write.
        photos: Pictures like those that it will see.
        facts: What to note in the file; of it, how pictures are prepared.

    Raises:
        ValueError: There are no pictures.
    """
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    check_not_empty(calibration=photos)

    class Pictures(CalibrationDataReader):
        def __init__(self):
            self.batches = _batches(photos[:MOST_PICTURES], facts)

        def get_next(self):
            return next(self.batches, None)

    with TemporaryDirectory() as folder:
        ready = Path(folder, 'ready.onnx')
        # Shapes depend on the pictures, which onnx alone can follow.
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        graph = onnx.load(ready, load_external_data=False).graph
        weights = {each.name for each in graph.initializer}
        computed = [
            n.name for n in graph.node if n.op_type == 'MatMul' and n.input[1] not in weights
        ]
        with new_file(out) as draft:
            quantize_static(
                str(ready),
                str(draft),
                Pictures(),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=['Conv', 'MatMul', 'Gemm'],
                nodes_to_exclude=computed,
                per_channel=True,
            )
            quantized = onnx.load(draft)
            onnx.helper.set_model_props(quantized, {FACTS: json.dumps(facts)})
            onnx.save(quantized, draft)


def _batches(photos: Sequence[Path], facts: dict) -> Iterator[dict[str, np.ndarray]]:
    for photo in photos:
        picture = prepare(open_picture(photo), facts)
        yield dict(images=np.asarray(picture)[None])
