"""FCMAE from Python: pictures in, reconstructions out."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmengine.config import Config

from mmcnx2.analysis.pictures import find_images, read_kind
from mmcnx2.analysis.reconstruction import join, load_fcmae, stream_reconstructions
from mmcnx2.analysis.reconstruction_grid import draw_reconstructions
from mmcnx2.analysis.shown import Shown, choose_shown
from mmcnx2.checks import check_at_least, check_types
from mmcnx2.datasets.preflight.pipeline import image_reader
from mmcnx2.datasets.reading import ImageReader
from mmcnx2.engine.device import choose_device
from mmcnx2.engine.fit_to_data import trained_kind
from mmcnx2.models.fcmae import Reconstruction
from mmcnx2.outputs import check_file
from mmcnx2.paths import expand_home


class FCMAEInferencer:
    """Hide patches of pictures and show what a pre-trained model fills in::

        inferencer = FCMAEInferencer('config.py', 'epoch_100.pth')
        result = inferencer('photos/', ratio=0.75, out='reconstructions.png')
        result.reconstruction    # float (N, C, H, W) in the units of the files

    Files are read as in the pre-training: its bands, its dtype.

    Args:
        config: The config of the pre-training, or its path.
        checkpoint: Path or address of weights with a decoder, in any dialect.
        device: Such as 'cpu' or 'cuda:0'; default what there is.
        size: Side in pixels to which the middle of each picture is brought.

    Raises:
        FileNotFoundError: If one of the two files does not exist.
        ValueError: If the config is not FCMAE's, the checkpoint does not fit it, or there is no
            such device.
    """

    @check_types
    def __init__(
        self,
        config: Config | str | Path,
        checkpoint: str | Path,
        *,
        device: str | None = None,
        size: int = 224,
    ):
        check_at_least(1, size=size)
        for name, path in dict(config=config, checkpoint=checkpoint).items():
            given = isinstance(path, str | Path) and '://' not in str(path)
            if given and not Path(expand_home(str(path))).is_file():
                raise FileNotFoundError(f"{name} '{path}' does not exist: give a file's path.")
        target = choose_device(device)
        cfg = config if isinstance(config, Config) else Config.fromfile(expand_home(str(config)))
        self.model = load_fcmae(cfg, checkpoint).to(target)
        self.size = size
        self._trained = trained_kind(cfg, str(checkpoint))
        self._pipeline = (cfg.get('train_dataloader') or {}).get('dataset', {}).get('pipeline', ())

    def __call__(
        self,
        images: str | Path | Sequence[str | Path],
        *,
        ratio: float | None = None,
        seed: int = 0,
        batch_size: int = 8,
        out: str | Path | None = None,
        show: Sequence[int] | None = None,
    ) -> Reconstruction:
        """Return the reconstructions of all pictures, on the CPU.

        Args:
            images: An image file, a folder, or several of either.
            ratio: Share of hidden patches, between 0 and 1; None takes the config's.
            seed: Seed of the masks.
            batch_size: Pictures at a time.
            out: Where to draw them, too: as ``tools/visualization/reconstruct.py`` does.
            show: Channels to draw, numbered as in the file: three, as red, green and blue, or one;
                None takes the model's first three, or the first.

        Raises:
            FileNotFoundError: If a path does not exist, or a folder holds no image.
            OSError: If ``out`` cannot be written.
            ValueError: If a file is no image or of another kind than the others, size or ratio do
                not fit the model's patches, ``batch_size`` is below 1, or ``show`` is none.
        """
        stream = self.stream(
            images, ratio=ratio, seed=seed, batch_size=batch_size, out=out, show=show
        )
        return join([part for part, _ in stream])

    def stream(
        self,
        images: str | Path | Sequence[str | Path],
        *,
        ratio: float | None = None,
        seed: int = 0,
        batch_size: int = 8,
        out: str | Path | None = None,
        show: Sequence[int] | None = None,
    ) -> Iterator[tuple[Reconstruction, list[str]]]:
        """Yield a batch's reconstructions and files at a time, for folders that memory cannot hold.

        With ``out``, each batch is a picture: ``out`` itself where one is enough, else numbered
        ones beside it, ``out_001.png``, ... Arguments and errors are those of calling.
        """
        if out is not None:
            check_file(out)
        paths = find_images([images] if isinstance(images, str | Path) else images)
        reader = image_reader(self._pipeline)
        shown = self._choose_shown(paths[0], reader, show)
        parts = stream_reconstructions(
            self.model, paths, size=self.size, seed=seed, ratio=ratio, batch_size=batch_size,
            reader=reader,
        )  # fmt: skip
        for number, part in enumerate(parts):
            if out is not None:
                caption = f'{hidden_share(part)}, seed {seed}, {self.size} px'
                if shown.stretched or show:
                    caption += f'; {shown.describe()}'
                page = _page(Path(out), number, single=len(paths) <= batch_size)
                draw_reconstructions(part, page, caption=caption, shown=shown)
            start = number * batch_size
            yield part, paths[start : start + batch_size]

    def _choose_shown(self, path: str, reader: ImageReader, show: Sequence[int] | None) -> Shown:
        dtype, channels = kind = read_kind(path, reader)
        known, many = trained = self._trained or (dtype, self.model.backbone.in_channels)
        if kind != trained:
            raise ValueError(
                f"'{path}' has {channels} channels of {dtype}, but the model was pre-trained on "
                f'{many} of {known}: give images as those of its pre-training.'
            )
        return choose_shown(dtype, channels, bands=reader.options.bands, show=show)


def hidden_share(result: Reconstruction) -> str:
    """Say how much of each picture was hidden, such as '38 of 64 patches hidden'."""
    total = result.visible[0].numel()
    return f'{total - int(result.visible[0].sum())} of {total} patches hidden'


def _page(out: Path, number: int, *, single: bool) -> Path:
    return out if single else out.with_stem(f'{out.stem}_{number + 1:03d}')
