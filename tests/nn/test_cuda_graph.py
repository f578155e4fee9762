"""A training step of the encoder recorded as a CUDA graph and replayed on other images."""

import pytest
import torch

from tests.support.closeness import assert_close
from tests.support.toy import make_images, make_net, make_visible

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize('with_cp', [False, True], ids=['plain', 'checkpointed'])
@pytest.mark.parametrize('masked', [False, True], ids=['dense', 'packed'])
def test_a_replayed_step_has_the_gradients_of_a_plain_one(masked, with_cp):
    net = make_net(layout='packed', with_cp=with_cp).float().cuda()
    visible = make_visible(2, 2, 3, 2) if masked else None
    first, second = (make_images(2, 64, 96).float().cuda() * scale for scale in (1.0, 0.5))
    static = first.clone()
    # What depends on the mask alone is planned outside: it copies from the CPU.
    layouts = net.plan(static, visible)

    def step():
        net.zero_grad(set_to_none=False)
        net.encode(static, layouts)[-1].square().mean().backward()

    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(3):  # kernels are compiled and gradients get their memory
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    static.copy_(second)
    graph.replay()
    torch.cuda.synchronize()
    replayed = {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}
    assert replayed, 'no gradient was recorded'
    step()
    for name, parameter in net.named_parameters():
        if name in replayed:
            assert_close(name, parameter.grad, replayed[name], relative=1e-5)
