"""A network goes through what looks into it in torch: traces, scripts, exports, transforms."""

import io

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, jvp, vmap

from mmcnx2.nn import FCMAE
from tests.support.toy import ARCH, make_images, make_net, make_visible, randomize

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


def test_a_symbolic_trace_computes_the_same_at_any_size(net):
    graph = torch.fx.symbolic_trace(net)
    called = {node.target for node in graph.graph.nodes if node.op == 'call_function'}
    ours = {target.__name__ for target in called if target.__module__.startswith('mmcnx2')}
    assert ours <= {'refuse_mask', 'wide_dtype'}, 'the rest is operations of torch'
    for size in (SIZE, (1, 32, 45)):
        assert_maps_close(graph(make_images(*size)), net(make_images(*size)))


def test_a_symbolic_trace_is_of_whole_images(net):
    graph = torch.fx.symbolic_trace(net)
    with pytest.raises(ValueError, match='a graph of torch.fx is of whole images: call the netwo'):
        graph(make_images(*SIZE), make_visible(2, 2, 3, 4))
    graph = torch.fx.symbolic_trace(net, concrete_args={'visible': None})
    assert_maps_close(graph(make_images(*SIZE)), net(make_images(*SIZE)))


def test_a_script_computes_the_same_at_any_size_and_from_its_file(net):
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(net), file)
    file.seek(0)
    script = torch.jit.load(file)
    assert script.state_dict().keys() == net.state_dict().keys()
    for size in (SIZE, (1, 32, 45)):
        assert_maps_close(script(make_images(*size)), net(make_images(*size)))


def test_a_script_holds_the_network_within_a_model():
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = make_net(final_norm=True, gap_before_final_norm=True)
            self.head = nn.Linear(24, 5).double()

        def forward(self, images):
            return self.head(self.backbone(images)[0])

    model = Classifier().eval()
    expected = model(make_images(*SIZE))
    assert_maps_close(torch.jit.script(model)(make_images(*SIZE)), expected)


@pytest.mark.parametrize(
    'options',
    [dict(with_cp=True), dict(drop_path_rate=0.5), dict(grn_scope='batch'), dict(frozen_stages=2)],
    ids=lambda options: next(iter(options)),
)
def test_options_are_traced_too(options):
    net = make_net(**options).eval()
    expected = net(make_images(*SIZE))
    assert_maps_close(torch.fx.symbolic_trace(net)(make_images(*SIZE)), expected)
    assert_maps_close(torch.jit.script(net)(make_images(*SIZE)), expected)


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


@pytest.fixture(params=['masked', 'packed'])
def masked_net(request):
    return make_net(layout=request.param).eval()


@pytest.mark.parametrize('count', [4, 2])
def test_a_trace_takes_any_mask(masked_net, count):
    traced = torch.jit.trace(masked_net, (make_images(*SIZE, seed=5), make_visible(2, 2, 3, 3)))
    images, visible = make_images(*SIZE), make_visible(2, 2, 3, count)
    assert_maps_close(traced(images, visible), masked_net(images, visible))


def test_an_onnx_file_takes_any_mask(masked_net):
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnx.reference')
    file = io.BytesIO()
    given = (make_images(*SIZE, seed=5), make_visible(2, 2, 3, 3))
    names = ['images', 'visible']
    torch.onnx.export(masked_net, given, file, dynamo=False, input_names=names)
    model = onnx.load_from_string(file.getvalue())
    images, visible = make_images(*SIZE), make_visible(2, 2, 3, 4)
    given = dict(images=images.numpy(), visible=visible.numpy())
    (found,) = onnx.reference.ReferenceEvaluator(model).run(None, given)
    expected = masked_net(images, visible)
    torch.testing.assert_close(torch.from_numpy(found), expected, rtol=1e-5, atol=1e-7)


@pytest.fixture(params=['masked', 'packed'])
def pre_training(request):
    model = FCMAE(ARCH, embed_dims=16, layout=request.param)
    return randomize(model.double())


def loss_of(model):
    """Return the loss as a function of the parameters, of images and of their masks."""

    def loss(parameters, images, visible):
        return functional_call(model, parameters, (images, visible))

    return loss, {name: tensor.detach() for name, tensor in model.named_parameters()}


def test_the_gradients_of_pre_training_are_those_of_autograd(pre_training):
    images, visible = make_images(*SIZE), make_visible(2, 2, 3, 4)
    loss, parameters = loss_of(pre_training)
    found = grad(loss)(parameters, images, visible)
    pre_training(images, visible).backward()
    for name, parameter in pre_training.named_parameters():
        assert_maps_close(found[name], parameter.grad)


def test_each_images_gradient_of_pre_training_is_that_of_the_image_alone(pre_training):
    images, visible = make_images(*SIZE), make_visible(2, 2, 3, 4)
    loss, parameters = loss_of(pre_training)

    def loss_of_one(parameters, image, visible):
        return loss(parameters, image[None], visible[None])

    found = vmap(grad(loss_of_one), (None, 0, 0))(parameters, images, visible)
    for i in range(len(images)):
        for name, expected in grad(loss_of_one)(parameters, images[i], visible[i]).items():
            assert_maps_close(found[name][i], expected)


def test_a_forward_derivative_of_pre_training_is_a_difference(pre_training):
    images, visible = make_images(*SIZE), make_visible(2, 2, 3, 4)
    loss, parameters = loss_of(pre_training)
    direction = {name: torch.randn_like(tensor) for name, tensor in parameters.items()}
    _, slope = jvp(lambda given: loss(given, images, visible), (parameters,), (direction,))
    step = 1e-6

    def loss_at(distance):
        moved = {name: p + distance * direction[name] for name, p in parameters.items()}
        return loss(moved, images, visible)

    difference = (loss_at(step) - loss_at(-step)) / (2 * step)
    torch.testing.assert_close(slope, difference, rtol=1e-4, atol=1e-5)
