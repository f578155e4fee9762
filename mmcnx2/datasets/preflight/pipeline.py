"""What a pipeline of transforms reads."""

from collections.abc import Iterator, Sequence

from mmcnx2.datasets.readers import ReadOptions
from mmcnx2.datasets.reading import ImageReader

_LOADS = ('LoadImageFromFile', 'LoadEncodedImage')
_OPTIONS = ('bands', 'window', 'key', 'nodata')
_READER = (*_OPTIONS, 'fill', 'max_pixels', 'max_bytes', 'backend_args')


def steps(pipeline: Sequence) -> Iterator[dict]:
    """Yield the transforms of a pipeline, those within others such as ``TestTimeAug`` included."""
    for step in pipeline:
        if isinstance(step, list | tuple):
            yield from steps(step)
        elif hasattr(step, 'get'):
            yield step
            yield from steps(step.get('transforms') or ())


def find_step(pipeline: Sequence, name: str) -> dict | None:
    """Return the first transform of a type, whatever its scope, None if there is none."""
    for step in steps(pipeline):
        if str(step.get('type', '')).rpartition('.')[2] == name:
            return step
    return None


def reads_images(pipeline: Sequence) -> bool:
    """Return whether image files go through mmcv's decoders, or ours, as they are."""
    return any(find_step(pipeline, name) for name in _LOADS)


def loading_steps(pipeline: Sequence) -> Iterator[dict]:
    """Yield the transforms of a pipeline that read images, mmcv's and ours."""
    for step in steps(pipeline):
        if str(step.get('type', '')).rpartition('.')[2] in _LOADS:
            yield step


def reading_options(pipeline: Sequence) -> ReadOptions:
    """Return how a pipeline reads files whose pixels can be seen in several ways."""
    step = next(loading_steps(pipeline), {})
    return ReadOptions(**{name: step[name] for name in _OPTIONS if step.get(name) is not None})


def image_reader(pipeline: Sequence) -> ImageReader:
    """Return what reads files as the first transform of a pipeline that does."""
    step = next(loading_steps(pipeline), {})
    return ImageReader(**{name: step[name] for name in _READER if step.get(name) is not None})
