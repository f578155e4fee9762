"""What pre-training on many GPUs would take, computed from assumptions that are all listed.

Nothing here was measured on such machines. A throughput that you measured replaces the estimate.
"""

import math
from dataclasses import dataclass, field

from mmcnx2.archs import ARCHS

GB = 1e9
DAY = 86_400


@dataclass(frozen=True)
class GPU:
    """A GPU's data sheet.

    Attributes:
        memory: Bytes.
        matmul: FLOP/s of dense bfloat16 products.
        bandwidth: Bytes/s of its memory.
    """

    memory: float
    matmul: float
    bandwidth: float


GPUS = {
    'a100-40g': GPU(40 * GB, 312e12, 1.555e12),
    'a100-80g': GPU(80 * GB, 312e12, 2.039e12),
    'h100-80g': GPU(80 * GB, 989e12, 3.35e12),
    'h200-141g': GPU(141 * GB, 989e12, 4.8e12),
    'l40s-48g': GPU(48 * GB, 362e12, 0.864e12),
    'v100-32g': GPU(32 * GB, 125e12, 0.9e12),  # float16: it has no bfloat16
}
"""By the manufacturers' data sheets."""


@dataclass(frozen=True)
class Assumptions:
    """What the estimate takes for granted; every one of them can be replaced.

    Attributes:
        efficiency: Share of the data sheet's speed that training reaches.
        network: Bytes/s of each GPU to the others.
        sharded: FSDP shares weights, gradients and averages out to the GPUs; DDP copies them.
        state_bytes: A parameter's weight, gradient and AdamW averages in float32.
        kept: Numbers, times channels, that a block keeps of each token for the backward:
            convolution and norm 3, expansion 4, GELU 4, GRN 4.
        moved: Numbers, times channels, that a block reads and writes of each token, forward and
            twice that backward (docs/performance.md).
        overhead: Memory of a step over what is kept.
        reserved: Bytes that CUDA and its libraries take.
        visible: Share of patches that the encoder computes: 19 of 49.
        image_bytes: An encoded image, as stored.
        images_per_core: Images a second that one core reads, crops and turns.
        price: Price of a GPU for an hour, in any currency; 0 leaves the cost out.
    """

    efficiency: float = 0.5
    network: float = 50 * GB
    sharded: bool = False
    state_bytes: int = 16
    kept: int = 15
    moved: int = 87
    overhead: float = 1.4
    reserved: float = 5e8
    visible: float = 19 / 49
    image_bytes: float = 110e3
    images_per_core: float = 250
    price: float = 0.0

    def __post_init__(self):
        for name in ('efficiency', 'visible'):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(
                    f'{name}={getattr(self, name)}, but a share above 0 and up to 1 was expected.'
                )
        for name in ('network', 'image_bytes', 'images_per_core'):
            if getattr(self, name) <= 0:
                raise ValueError(f'{name}={getattr(self, name)}, but more than 0 was expected.')


@dataclass(frozen=True)
class Plan:
    """What a run takes.

    Attributes:
        memory: Bytes a GPU.
        largest_batch: Images a GPU that its memory has room for.
        images_per_gpu: Images a second of each GPU.
        steps: Number of steps of the whole run.
        days: Days of the whole run, computing.
        cost: In the currency of the price; 0 without one.
        loader_cores: On all machines together.
        read_rate: Bytes/s from storage, all machines together.
        stored: Bytes of the data set.
        limits: What the step's time is made of, in seconds.
    """

    memory: float
    largest_batch: int
    images_per_gpu: float
    steps: int
    days: float
    cost: float
    loader_cores: int
    read_rate: float
    stored: float
    limits: dict[str, float] = field(default_factory=dict)


def token_channels(arch: str, size: int) -> float:
    """Return tokens times channels, summed over a dense encoder's blocks.

    Args:
        arch: A name of ``ARCHS``.
        size: Side of the images in pixels.
    """
    depths, channels = ARCHS[arch]['depths'], ARCHS[arch]['channels']
    sides = [size // (4 * 2**stage) for stage in range(4)]
    return sum(n * c * side**2 for n, c, side in zip(depths, channels, sides, strict=True))


def make_plan(
    arch: str,
    *,
    gpus: int,
    gpu: str,
    images: int,
    epochs: int,
    batch_per_gpu: int,
    parameters: int,
    multiply_adds: int,
    size: int = 224,
    throughput: float | None = None,
    assumptions: Assumptions | None = None,
) -> Plan:
    """Compute what pre-training takes.

    Args:
        arch: A name of ``ARCHS``.
        gpus: In all machines.
        gpu: A name of :data:`GPUS`.
        images: In the data set.
        epochs: Passes through it.
        batch_per_gpu: Images a step, of each GPU.
        parameters: Number of parameters of encoder and decoder.
        multiply_adds: Multiply-adds of one masked image going forward.
        size: Side of the images in pixels.
        throughput: Images a second of each GPU, measured; None estimates it.
        assumptions: What is taken for granted.

    Raises:
        ValueError: If a number is not positive, or a name is unknown.
    """
    for name, value in dict(
        gpus=gpus, images=images, epochs=epochs, batch_per_gpu=batch_per_gpu
    ).items():
        if value < 1:
            raise ValueError(f'{name}={value}, but 1 or more was expected.')
    for kind, name, known in (('arch', arch, ARCHS), ('gpu', gpu, GPUS)):
        if name not in known:
            raise ValueError(f'{kind}={name!r} is unknown: use one of {", ".join(known)}.')
    if throughput is not None and throughput <= 0:
        raise ValueError(f'throughput={throughput}, but more than 0 images a second was expected.')
    taken = assumptions or Assumptions()
    card = GPUS[gpu]
    tokens = taken.visible * token_channels(arch, size)
    state = taken.state_bytes * parameters / (gpus if taken.sharded else 1)
    image = taken.overhead * 2 * taken.kept * tokens
    room = card.memory - taken.reserved - state
    # Two FLOP a multiply-add, forward and twice that backward; two bytes a number.
    limits = dict(
        arithmetic=batch_per_gpu * 6 * multiply_adds / (taken.efficiency * card.matmul),
        memory=batch_per_gpu * 2 * taken.moved * tokens / (taken.efficiency * card.bandwidth),
        # Gradients are summed in float32, once out and once back, while the backward goes on.
        network=8 * parameters * (gpus - 1) / gpus / taken.network,
    )
    step = max(limits['arithmetic'] + limits['memory'], limits['network'])
    if throughput is not None:
        step, limits = batch_per_gpu / throughput, {}
    steps = epochs * math.ceil(images / (gpus * batch_per_gpu))
    rate = gpus * batch_per_gpu / step
    hours = steps * step / 3600
    return Plan(
        memory=taken.reserved + state + batch_per_gpu * image,
        largest_batch=max(0, int(room // image)),
        images_per_gpu=batch_per_gpu / step,
        steps=steps,
        days=steps * step / DAY,
        cost=taken.price * gpus * hours,
        loader_cores=math.ceil(rate / taken.images_per_core),
        read_rate=rate * taken.image_bytes,
        stored=images * taken.image_bytes,
        limits=limits,
    )
