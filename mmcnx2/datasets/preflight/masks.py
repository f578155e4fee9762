"""The look at images and masks: does each mask mean what training will take it for?"""

from collections.abc import Mapping
from functools import partial

import numpy as np
from mmseg.datasets import BaseSegDataset

from mmcnx2.datasets.preflight.facts import ImageFacts, MaskFacts, read_header, read_mask
from mmcnx2.datasets.preflight.findings import Findings
from mmcnx2.datasets.preflight.images import (
    check_files,
    leave_out_others,
    read_images,
    unused_files,
)
from mmcnx2.datasets.preflight.pipeline import find_step, reads_images
from mmcnx2.datasets.preflight.reading import read_files
from mmcnx2.first_few import first_few


def look_at_masks(
    findings: Findings, dataset: BaseSegDataset, options: Mapping, *, scored: bool
) -> None:
    """Look at the data of a segmentation data set.

    Args:
        findings: What is found goes here.
        dataset: Built, its ``data_list`` not serialized.
        options: Options of its config.
        scored: Whether masks are needed.
    """
    samples = dataset.data_list
    findings.images += len(samples)
    findings.classes = dataset.metainfo.get('classes')
    images, pipeline = [sample['img_path'] for sample in samples], options.get('pipeline', ())
    facts = read_images(images, read_header, pipeline)
    if reads_images(pipeline):
        check_files(findings, facts)
    if not (dataset.ann_file or options.get('indices')):
        _leave_out(findings, dataset)
    if (loads := find_step(pipeline, 'LoadAnnotations')) is None or not samples:
        return
    if not all('seg_map_path' in sample for sample in samples):
        if scored:
            findings.problem('0 masks are there', 'give seg_map_path in data_prefix')
        return
    masks = {sample['seg_map_path']: sample['img_path'] for sample in samples}
    backend = loads.get('imdecode_backend', 'pillow')
    known = read_files(
        list(masks), partial(read_mask, backend=backend), facts=MaskFacts, kind=f'mask-{backend}'
    )
    if missing := [masks[path] for path, mask in known.items() if mask is None]:
        findings.problem(f'{len(missing)} images have no mask', 'add them', files=missing)
    known = {path: mask for path, mask in known.items() if mask}
    findings.labels['masks'] += len(known)
    readable = _check_form(findings, known)
    _check_sizes(findings, readable, {path: facts[masks[path]] for path in readable})
    _check_values(findings, readable, dataset)


def _leave_out(findings: Findings, dataset: BaseSegDataset) -> None:
    """Note images and masks that are not used; both may lie in one folder."""
    used = [s[key] for s in dataset.data_list for key in ('img_path', 'seg_map_path') if key in s]
    leave_out_others(
        findings,
        dataset.data_prefix['img_path'],
        used,
        mend=f'names that end in {dataset.img_suffix} are used: set img_suffix, or take '
        'mmcnx2.MaskFolderDataset, which reads all formats',
    )
    if folder := dataset.data_prefix.get('seg_map_path'):
        endings = dataset.seg_map_suffix
        endings = tuple(map(str.lower, [endings] if isinstance(endings, str) else endings))
        alone = [name for name in unused_files(folder, used) if name.lower().endswith(endings)]
        findings.leave_out(len(alone), 'masks without an image')


def _check_form(findings: Findings, masks: Mapping[str, MaskFacts]) -> dict[str, MaskFacts]:
    """Add masks that hold no class numbers; return the others."""
    if damaged := [f'{path}, {mask.damage}' for path, mask in masks.items() if mask.damage]:
        findings.problem(
            f'{len(damaged)} masks cannot be read', 'repair or remove them', files=damaged
        )
    readable = {path: mask for path, mask in masks.items() if not mask.damage}
    several = {path: mask for path, mask in readable.items() if mask.channels > 1}
    for gray, mend in (
        (True, 'their channels are equal, so save one of them: Image.open(mask).getchannel(0)'),
        (False, "write each color's class number into an image of one channel (mode L)"),
    ):
        if files := [path for path, mask in several.items() if mask.gray == gray]:
            counts = sorted({several[path].channels for path in files})
            findings.problem(
                f'{len(files)} masks have {" or ".join(map(str, counts))} channels, but one of '
                'class numbers is expected',
                mend,
                files=files,
            )
    readable = {path: mask for path, mask in readable.items() if mask.channels == 1}
    # mmseg keeps the last eight bits.
    if wrapping := {p: m for p, m in readable.items() if not _is_bytes(m.values)}:
        worst = next(v for mask in wrapping.values() for v in mask.values[::-1] if not _is_byte(v))
        whole = float(worst).is_integer()
        became = f' ({worst:.0f} becomes {int(worst) % 256})' if whole else ''
        findings.problem(
            f'{len(wrapping)} masks hold numbers that are no whole ones from 0 to 255, and only 8 '
            f'bits of them are read{became}',
            'write class numbers from 0 on, and 255 where nothing is to be learnt',
            files=list(wrapping),
        )
    return {path: mask for path, mask in readable.items() if path not in wrapping}


def _check_sizes(
    findings: Findings, masks: Mapping[str, MaskFacts], images: Mapping[str, ImageFacts | None]
) -> None:
    other = []
    for path, mask in masks.items():
        image = images[path]
        if image and image.height and (image.height, image.width) != (mask.height, mask.width):
            other.append(f'{path}, {mask.width}x{mask.height} for {image.width}x{image.height} px')
    if other:
        findings.problem(
            f'{len(other)} masks have another size than their image, turned as its EXIF says',
            'save both in one size, masks without interpolation',
            files=other,
        )


def _check_values(
    findings: Findings, masks: Mapping[str, MaskFacts], dataset: BaseSegDataset
) -> None:
    classes = findings.classes
    if not classes or not masks:
        return
    seen, unknown, raw = set(), {}, set()
    for path, mask in masks.items():
        raw.update(mask.values)
        labels = set(_labels(mask.values, dataset)) - {dataset.ignore_index}
        seen |= labels
        if max(labels, default=0) >= len(classes):
            unknown[path] = labels
    if unknown:
        numbers = sorted({n for labels in unknown.values() for n in labels if n >= len(classes)})
        from_1 = numbers == [len(classes)] and not dataset.reduce_zero_label
        shift = ', or if they count from 1, and 0 is nothing, set reduce_zero_label=True in the '
        shift = f'{shift}data sets and in LoadAnnotations' if from_1 else ''
        lossy = any(path.lower().endswith(('.jpg', '.jpeg')) for path in unknown)
        blur = ', as PNG files, since JPEG changes numbers' if lossy else ''
        findings.problem(
            f'{len(unknown)} masks hold {first_few(numbers)}, but {len(classes)} classes are '
            f'numbered 0 to {len(classes) - 1}',
            f'correct the masks{blur}, or name the classes that are missing{shift}',
            files=list(unknown),
        )
    known = {number for number in seen if number < len(classes)}
    if not known and not unknown:
        findings.problem(
            f'0 pixels of {len(masks)} masks belong to a class, as all of them are {_listed(raw)}',
            f'write class numbers from 0 to {len(classes) - 1}',
        )
    elif len(classes) > 1 and len(known) == 1 and not unknown and findings.name == 'train':
        (only,) = known
        asks = 'is 255 your foreground? It is not trained on: write ' if 255 in raw else 'write '
        findings.problem(
            f'1 class alone, {classes[only]}, is in the {len(masks)} masks, whose pixels are '
            f'{_listed(raw)}',
            f'{asks}1 to {len(classes) - 1} where the other classes are',
        )
    elif absent := [name for number, name in enumerate(classes) if number not in known]:
        if findings.name == 'train':
            findings.problem(
                f'{len(absent)} classes are in no mask ({first_few(absent)})',
                'they will not be learnt',
                stops=False,
            )


def _labels(values: tuple, dataset: BaseSegDataset) -> list[int]:
    """Return what mmseg's ``LoadAnnotations`` makes of a mask's values."""
    labels = np.array(values).astype(np.uint8)
    if dataset.reduce_zero_label:
        labels = np.where(np.isin(labels, (0, 255)), 255, labels - 1)
    if dataset.label_map:
        labels = np.array([dataset.label_map.get(label, label) for label in labels.tolist()])
    return labels.tolist()


def _is_byte(value: float) -> bool:
    return float(value).is_integer() and 0 <= value <= 255


def _is_bytes(values: tuple) -> bool:
    return all(map(_is_byte, values))


def _listed(values: set) -> str:
    return ' and '.join(first_few(sorted(values), 5).rsplit(', ', 1))
