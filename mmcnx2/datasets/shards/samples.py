"""What shards hold, in webdataset's words: samples, of which those that have an image are read.

A sample is a run of files whose names agree up to the first dot: ``00012.jpg``, ``00012.json``.
"""

import json
from collections.abc import Mapping

from mmcnx2.datasets.readers import READERS

_ENDINGS = {ending.removeprefix('.') for reader in READERS for ending in reader.endings}
_ARRAYS = {'npy', 'npz'}


def image_keys(sample: Mapping) -> list[str]:
    """Return which entries of a sample are images, by their names: ``jpg``, also ``left.png``.

    Arrays are where there is no other; beside a picture they are what somebody computed of it.
    """
    images = [key for key in sample if _ending(key) in _ENDINGS]
    return [key for key in images if _ending(key) not in _ARRAYS] or images


def to_pipeline(sample: Mapping, index: int, *, labelled: bool) -> dict:
    """Turn a sample into what pipelines expect.

    Args:
        sample: With an image; of several, the first counts.
        index: Its number in the data set.
        labelled: Whether its ``cls`` is the number of a class.

    Returns:
        ``img_bytes``, ``sample_idx``, ``img_path``, where the image came from as far as is known,
        and perhaps ``gt_label``.
    """
    key = image_keys(sample)[0]
    path = _source(sample) or f'{sample["__url__"]}/{sample["__key__"]}.{key}'
    data = dict(img_bytes=sample[key], img_path=path, sample_idx=index)
    if labelled and 'cls' in sample:
        data['gt_label'] = int(sample['cls'])
    return data


def _ending(key: str) -> str:
    return key.rpartition('.')[2]


def _source(sample: Mapping) -> str | None:
    """Return the path that packing has noted. Others' notes hold anything, and may be no JSON."""
    try:
        path = json.loads(sample['json'])['path']
    except (KeyError, TypeError, ValueError):
        return None
    return path if isinstance(path, str) else None
