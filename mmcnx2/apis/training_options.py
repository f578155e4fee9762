"""What every training can be told, by a command or by a call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from mmcnx2 import arguments
from mmcnx2.archs import ARCHS
from mmcnx2.choices import LOG_BACKENDS


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """Options of a training. None means that the data, or the machine, decide.

    Args:
        out: Folder of the run: its config, logs and checkpoints. The same call goes on there.
        model: Size of the network. Default that of the weights that it starts from, else atto.
        from_: Weights to start from: the folder of another run, a file, an address, or a name of
            `mmcnx2 models`.
        size: Side of the images in training, in pixels. Default 224, or less where the images are
            smaller.
        batch_size: Images a step on each device; 'auto' tries what fits into the memory of a GPU.
        epochs: Passes over the data. By default it follows from their number, and is said.
        lr: Peak of the learning rate. By default it follows from the batch size.
        workers: Processes that load images. Default what the cores leave.
        seed: Of everything that is drawn. Default 0.
        device: cpu, cuda or cuda:1. Default a GPU if there is one.
        gpus: Number of GPUs of this machine to train on.
        precision: fp32, bf16 or fp16. Default bf16 on a GPU and fp32 on a CPU.
        channels: Channels that the images must have. Default those that they have.
        bands: Channels to take, and their order, such as 4,3,2,8; counted from 1.
        normalize: imagenet; auto, which measures mean and deviation of each channel; or another
            run, which has measured. Default imagenet for 8-bit color, else auto.
        log_to: Where to log besides the folder of the run.
        overwrite: Begin anew in a folder that holds a run; what lies there is moved into a folder
            old-1 (or old-2, ...) in it.
        resume: Go on, and refuse to begin a run where there is none.
        config_only: Write the config of the run, and stop.
        no_data_check: Start without the look at all files of the data.
        set: Any other keys of the config and their values, such as
            optim_wrapper.clip_grad.max_norm=5.
    """

    out: Annotated[str, arguments.location]
    model: Literal[tuple(ARCHS)] | None = None
    from_: Annotated[str | None, arguments.location] = None
    size: Annotated[int | None, arguments.pixels] = None
    batch_size: Annotated[int | Literal['auto'] | None, arguments.batch_or_auto] = None
    epochs: Annotated[int | None, arguments.epochs] = None
    lr: Annotated[float | None, arguments.positive] = None
    workers: Annotated[int | None, arguments.loading_processes] = None
    seed: Annotated[int | None, arguments.seed] = None
    device: Annotated[str | None, arguments.device] = None
    gpus: Annotated[int | None, arguments.processes] = None
    precision: Literal['fp32', 'bf16', 'fp16'] | None = None
    channels: Annotated[int | None, arguments.channels] = None
    bands: Annotated[str | None, arguments.bands] = None
    normalize: Annotated[str | None, arguments.location] = None
    log_to: list[Literal[tuple(sorted(LOG_BACKENDS))]] | None = None
    overwrite: bool = False
    resume: bool = False
    config_only: bool = False
    no_data_check: bool = False
    set: list[str] | Mapping[str, Any] | None = None
