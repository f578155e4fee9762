"""ONNX files in the form of ``mmcnx2 export`` whose results are known: constants."""

import json
from pathlib import Path

import numpy as np


def write_constants(path: Path, outputs: dict[str, np.ndarray], **facts) -> Path:
    """Write a model that takes pictures and returns the same always."""
    from onnx import TensorProto, helper, numpy_helper, save

    images = helper.make_tensor_value_info('images', TensorProto.UINT8, ['n', 'h', 'w', 3])
    nodes, infos = [], []
    for name, value in outputs.items():
        tensor = numpy_helper.from_array(value, f'{name}_value')
        nodes.append(helper.make_node('Constant', [], [name], value=tensor))
        infos.append(helper.make_tensor_value_info(name, tensor.data_type, value.shape))
    graph = helper.make_graph(nodes, 'constants', [images], infos)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=10)
    helper.set_model_props(model, dict(mmcnx2=json.dumps(facts)))
    save(model, path)
    return path


def write_detector(path: Path, **facts) -> Path:
    """Write one that sees a bee and, less likely, an ant, each with a mask, in 20x40 px."""
    masks = np.zeros((2, 20, 40), bool)
    masks[0, 2:10, 4:20] = True
    return write_constants(
        path,
        dict(
            boxes=np.array([[4, 2, 20, 10], [0, 0, 8, 8]], np.float32),
            scores=np.array([0.9, 0.2], np.float32),
            labels=np.array([1, 0]),
            masks=masks,
        ),
        **dict(kind='detector', classes=['ant', 'bee'], least=1, multiple=1,
               prepare=[dict(step='stretch', size=[40, 20], smooth='bilinear')]) | facts,
    )  # fmt: skip


def write_segmentor(path: Path) -> Path:
    """Write one that sees class 2 on the right half, class 0 on the left, in 20x40 px."""
    labels = np.zeros((1, 20, 40), np.int64)
    labels[:, :, 20:] = 2
    return write_constants(
        path, dict(labels=labels, scores=np.ones((1, 20, 40), np.float32)),
        kind='segmentor', classes=['sky', 'sea', 'sand'],
        prepare=[dict(step='stretch', size=[40, 20], smooth='bilinear')],
    )  # fmt: skip


def write_classifier(path: Path) -> Path:
    """Write one that is nearly sure of the second of three classes."""
    logits = np.array([[0.0, 3.0, 1.0]], np.float32)
    return write_constants(path, dict(logits=logits), kind='classifier', classes=['a', 'b', 'c'])


def write_echo(path: Path, **facts) -> Path:
    """Write one whose ``pixels`` are those that it was given, as float32."""
    from onnx import TensorProto, helper, save

    shape = ['n', 'h', 'w', 3]
    graph = helper.make_graph(
        [helper.make_node('Cast', ['images'], ['pixels'], to=TensorProto.FLOAT)],
        'echo',
        [helper.make_tensor_value_info('images', TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info('pixels', TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=10)
    helper.set_model_props(model, dict(mmcnx2=json.dumps(facts)))
    save(model, path)
    return path
