"""A network of whole images as a graph of torch's own operations, which TorchScript compiles."""

import torch.fx
from torch import nn

from mmcnx2.nn.inputs import refuse_mask


def graph_of_whole_images(net: nn.Module) -> torch.fx.GraphModule:
    """Trace a network's ``forward(images)``, for any size of them.

    What depends on the mode is as it is now: put the network into evaluation mode before.

    Args:
        net: Called with images and, which this leaves out, a mask. Weights are shared.

    Returns:
        The graph, without the annotations of types, of which TorchScript knows fewer than Python.
    """
    graph = torch.fx.Tracer().trace(net)
    images, *others = (node for node in graph.nodes if node.op == 'placeholder')
    images.type = None
    for node in reversed(graph.nodes):
        if node.op == 'output':
            node.type = None
        elif node.target is refuse_mask or node in others:
            graph.erase_node(node)
    return torch.fx.GraphModule(net, graph, class_name=type(net).__name__)
