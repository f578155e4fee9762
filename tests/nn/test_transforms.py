"""Whole images go through what looks into a network in torch: traces, exports, transforms."""

import io

import pytest
import torch
from torch.func import functional_call, grad, jvp, vmap

from tests.support.toy import make_images, make_net

# Rows a site below and above the width of a projection, so that both ways of GRN are taken.
SIZE = (2, 64, 96)


@pytest.fixture(params=[True, False], ids=['V2', 'V1'])
def net(request):
    return make_net(use_grn=request.param, out_indices=(0, 3), final_norm=True).eval()


def assert_maps_close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)


def test_a_trace_computes_the_same_and_holds_operations_of_torch_alone(net):
    traced = torch.jit.trace(net, make_images(*SIZE, seed=5))
    assert not traced.inlined_graph.findAllNodes('prim::PythonOp')
    file = io.BytesIO()
    torch.jit.save(traced, file)
    file.seek(0)
    images = make_images(*SIZE)
    assert_maps_close(torch.jit.load(file)(images), net(images))


def test_an_onnx_file_of_torchscript_computes_the_same(net):
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnx.reference')
    file = io.BytesIO()
    images = make_images(*SIZE)
    torch.onnx.export(net, (images,), file, dynamo=False, input_names=['images'])
    model = onnx.load_from_string(file.getvalue())
    found = onnx.reference.ReferenceEvaluator(model).run(None, {'images': images.numpy()})
    # The exporter keeps constants, such as GELU's root of 2, in float32.
    for actual, expected in zip(found, net(images), strict=True):
        torch.testing.assert_close(torch.from_numpy(actual), expected, rtol=1e-5, atol=1e-7)


def test_gradients_of_a_function_of_the_parameters_are_those_of_autograd(net):
    images, parameters = make_images(*SIZE), dict(net.named_parameters())

    def loss(parameters, images):
        return sum(x.square().mean() for x in functional_call(net, parameters, (images,)))

    found = grad(loss)({name: tensor.detach() for name, tensor in parameters.items()}, images)
    loss(parameters, images).backward()
    for name, parameter in parameters.items():
        assert_maps_close(found[name], parameter.grad)


def test_each_images_gradient_at_once_is_that_of_the_image_alone(net):
    images, parameters = make_images(*SIZE), dict(net.named_parameters())
    parameters = {name: tensor.detach() for name, tensor in parameters.items()}

    def loss(parameters, image):
        return sum(x.square().mean() for x in functional_call(net, parameters, (image[None],)))

    found = vmap(grad(loss), (None, 0))(parameters, images)
    for i, image in enumerate(images):
        for name, expected in grad(loss)(parameters, image).items():
            assert_maps_close(found[name][i], expected)


def test_a_forward_derivative_is_a_difference(net):
    images, direction = make_images(*SIZE), make_images(*SIZE, seed=7)
    _, found = jvp(net, (images,), (direction,))
    step = 1e-6
    ahead, behind = net(images + step * direction), net(images - step * direction)
    for slope, a, b in zip(found, ahead, behind, strict=True):
        torch.testing.assert_close(slope, (a - b) / (2 * step), rtol=1e-4, atol=1e-5)
