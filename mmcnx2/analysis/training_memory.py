"""How much GPU memory a step of training needs, computed before there is a GPU.

The tensors that autograd keeps are counted while a model runs on tensors without storage, under the
autocast of training. A step allocates more: gradients of activations, workspaces, what a loss
compares. :data:`OVERHEAD` stands for all of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

BYTES_A_PARAMETER = 16
"""Weight, gradient and AdamW's two averages, in float32."""
OVERHEAD = 1.9
"""Activations of a step, over those that autograd keeps.

mmdet's project reports 22.5 GB for Mask R-CNN V2-B with 4 images a GPU, in float16; state and
activations as counted here explain that with this factor, to a tenth. Its blocks keep what GRN
makes on the way, which ours do not: the estimate errs toward too much.
"""
CUDA = 5e8
"""Bytes that CUDA and its libraries take."""


@dataclass(frozen=True)
class TrainingMemory:
    """What a step keeps, in bytes.

    Attributes:
        state: Weights, gradients and the optimizer's averages.
        image: Activations that autograd keeps for one image.
        recomputed: Activations of one block that gradient checkpointing makes again, an image; 0
            without it.
    """

    state: int
    image: int
    recomputed: int

    def step(self, images: int) -> int:
        """Return the bytes that a GPU needs for a step of so many images."""
        return round(CUDA + self.state + images * OVERHEAD * (self.image + self.recomputed))

    def fits(self, available: float) -> int:
        """Return how many images a step may have on a GPU with so many bytes."""
        left = available - CUDA - self.state
        return max(0, int(left // (OVERHEAD * (self.image + self.recomputed))))


def measure_training_memory(
    cfg: Config, height: int, width: int, *, checkpointing: bool = False
) -> TrainingMemory:
    """Compute the memory of training Mask R-CNN or an encoder-decoder in bfloat16.

    Args:
        cfg: The config, as tools/train.py takes it.
        height: Height of the images in training, in pixels.
        width: Width of the images in training, in pixels.
        checkpointing: Recompute the backbone's blocks in the backward (``with_cp``).

    Raises:
        ValueError: A model of another kind.
    """
    cfg = Config(cfg.to_dict())
    cfg.model.backbone.with_cp = checkpointing
    with FakeTensorMode(allow_non_fake_inputs=True):
        with DefaultScope.overwrite_default_scope(cfg.default_scope):
            model = MODELS.build(cfg.model).train()
        state = BYTES_A_PARAMETER * sum(parameter.numel() for parameter in model.parameters())
        images = torch.empty(4, cfg.model.backbone.get('in_channels', 3), height, width)
        # Batch norm over a pooled map refuses a single image.
        two, four = (kept_in_training(model, images[:count]) for count in (2, 4))
        recomputed = _kept_by_a_block(model, images[:1]) if checkpointing else 0
    image = (four - two) // 2
    # The rest is of no image: autocast keeps the weights in bfloat16, too.
    return TrainingMemory(state + two - 2 * image, image, recomputed)


def kept_in_training(model: nn.Module, images: Tensor) -> int:
    """Return the bytes that autograd keeps of images, up to the losses, in bfloat16.

    Args:
        model: Mask R-CNN or an encoder-decoder, in training mode.
        images: ``(N, C, H, W)``.

    Raises:
        ValueError: A model of another kind.
    """
    return kept_by(lambda: _run(model, images), model)


def _run(model: nn.Module, images: Tensor) -> list:
    """Run the parts of a model that training runs, up to the losses."""
    features = model.backbone(images)
    if hasattr(model, 'auxiliary_head'):
        return [model.decode_head(features), model.auxiliary_head(features)]
    if not hasattr(model, 'roi_head') or hasattr(model.roi_head, 'num_stages'):
        raise ValueError(
            f'cannot compute the memory of a {type(model).__name__}: give the config of Mask R-CNN '
            'or of UPerNet.'
        )
    features = model.neck(features)
    outputs = [model.rpn_head(features)]
    sampler = model.train_cfg.rcnn.sampler
    positives = int(sampler.num * sampler.pos_fraction)
    for name, count in (('bbox', sampler.num), ('mask', positives)):
        extractor = getattr(model.roi_head, f'{name}_roi_extractor')
        side = extractor.roi_layers[0].output_size
        rois = torch.empty(len(images) * count, extractor.out_channels, *side, requires_grad=True)
        outputs.append(getattr(model.roi_head, f'{name}_head')(rois))
    # The extractor keeps the maps in float32 for its own backward.
    wide = [feature.float() * 1.0 for feature in features]
    return [*outputs, [feature.square() for feature in wide]]


def _kept_by_a_block(model: nn.Module, images: Tensor) -> int:
    """Bytes of the first block, which is the largest: twice the side, half the channels."""
    backbone = model.backbone
    layouts = backbone.plan(images, None)
    with torch.autocast('cpu', torch.bfloat16):
        x = backbone.downsample_layers[0](images, layouts[0]).detach().requires_grad_()
    block = backbone.stages[0][0]
    return kept_by(lambda: block.branch(x, layouts[0]), model)


def kept_by(run: Callable, model: nn.Module) -> int:
    """Return the bytes that autograd keeps of what a function computes in bfloat16.

    Args:
        run: The function; its result stays alive until all is counted.
        model: Whose parameters do not count.
    """
    parameters = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
    sizes = {}
    with _saving(sizes), torch.autocast('cpu', torch.bfloat16):
        outputs = run()
    del outputs
    return sum(size for storage, size in sizes.items() if storage not in parameters)


@contextmanager
def _saving(sizes: dict[int, int]) -> Iterator[None]:
    """Fill in the bytes of each storage that autograd keeps."""
    kept = []  # alive, so that no address is used twice

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        sizes[storage._cdata] = storage.nbytes()
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield
