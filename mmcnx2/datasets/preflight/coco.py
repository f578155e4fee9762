"""The look at a file in COCO's format and its images: is everything there that training reads?"""

import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from mmdet.datasets import CocoDataset

from mmcnx2.datasets.coco_file import complete, read_coco
from mmcnx2.datasets.coco_format import CocoFormatDataset, choose_classes
from mmcnx2.datasets.preflight.facts import read_header
from mmcnx2.datasets.preflight.findings import Findings
from mmcnx2.datasets.preflight.images import check_files, read_images
from mmcnx2.datasets.preflight.pipeline import find_step, reads_images

_OWN_FORMAT = (
    'take mmcnx2.CocoFormatDataset and mmcnx2.CocoFormatMetric, which compute it in memory, as '
    'configs/_base_/datasets/coco_format_lsj.py does'
)


def look_at_coco(
    findings: Findings,
    kind: type[CocoDataset],
    options: Mapping,
    *,
    scored: bool,
    predicts_masks: bool,
) -> None:
    """Look at the data of a detection data set.

    Args:
        findings: What is found goes here.
        kind: Class of the data set, which is not built: it would end at the first problem.
        options: Options of its config.
        scored: Whether objects are needed.
        predicts_masks: Whether the model has a mask head.

    Raises:
        FileNotFoundError: If an annotation file is not there.
        ValueError: If one is not in COCO's format, or its classes do not fit.
    """
    root = options.get('data_root') or ''
    ann_file = os.path.join(root, options['ann_file'])
    folder = os.path.join(root, (options.get('data_prefix') or {}).get('img', ''))
    contents = read_coco(ann_file)
    if not _check_ids(findings, contents):
        return
    if not issubclass(kind, CocoFormatDataset):
        _check_complete(findings, contents, folder)
    complete(contents, images=folder)
    others = options.get('classes_from')
    findings.classes = choose_classes(
        contents,
        ann_file,
        given=(options.get('metainfo') or {}).get('classes') or kind.METAINFO.get('classes'),
        others=os.path.join(root, others) if others else None,
    )
    objects = _used_objects(findings, contents)
    if objects is None:
        return
    pipeline = options.get('pipeline', ())
    loads = find_step(pipeline, 'LoadAnnotations') or {}
    if loads.get('with_mask') or (find_step(pipeline, 'LoadObjects') and predicts_masks):
        _check_masks(findings, contents, objects)
    images = _used_images(findings, contents, objects, options)
    findings.images += len(images)
    findings.labels['objects'] += len(objects)
    if images and not objects and (scored or findings.name == 'train'):
        findings.problem(
            f'0 objects of {len(contents["annotations"])} annotations can be used',
            'bbox is [x, y, width, height] in pixels, and category_id one of the categories',
        )
    if reads_images(pipeline):
        _check_images(findings, images, folder, pipeline)


def _check_ids(findings: Findings, contents: dict) -> bool:
    """Add entries without what names them; return whether the others can be understood."""
    images, annotations = contents['images'], contents['annotations']
    nameless = sum('id' not in image or not image.get('file_name') for image in images)
    if nameless:
        findings.problem(f'{nameless} images have no id or file_name', 'export the file again')
    ids = Counter(image.get('id') for image in images)
    if twice := [image.get('file_name') for image in images if ids[image.get('id')] > 1]:
        findings.problem(
            f'{len(twice)} images share their id with another one',
            'number them anew, and the image_id of their annotations',
            files=twice,
        )
    categories = Counter(category.get('id') for category in contents['categories'])
    if len(categories) < len(contents['categories']) or None in categories:
        findings.problem(
            f'{len(contents["categories"])} categories have {len(categories)} ids',
            'give each an id of its own',
        )
    wrong = {key: 0 for key in ('image_id', 'category_id')}
    for annotation in annotations:
        wrong['image_id'] += annotation.get('image_id') not in ids
        wrong['category_id'] += annotation.get('category_id') not in categories
    for key, of in (('image_id', 'images'), ('category_id', 'categories')):
        if wrong[key]:
            findings.problem(
                f'{wrong[key]} annotations have {key}s that are none of the {of}',
                f'add them to the {of}, or remove the annotations',
            )
    return not (nameless or twice or None in categories or any(wrong.values()))


def _check_complete(findings: Findings, contents: dict, folder: str) -> None:
    """Add what a data set that computes nothing would fail for."""
    names = {image['id']: image['file_name'] for image in contents['images']}
    for key in ('id', 'bbox', 'area', 'iscrowd'):
        files = [names[a['image_id']] for a in contents['annotations'] if a.get(key) is None]
        if files:
            findings.problem(
                f'{len(files)} annotations have no {key}', _OWN_FORMAT, files=_once(files)
            )
    sizeless = [i for i in contents['images'] if not (i.get('width') and i.get('height'))]
    if files := [image['file_name'] for image in sizeless]:
        findings.problem(f'{len(files)} images have no width and height', _OWN_FORMAT, files=files)
    if files := [name for name in names.values() if '\\' in name]:
        findings.problem(f'{len(files)} file names have backslashes', _OWN_FORMAT, files=files)


def _used_objects(findings: Findings, contents: dict) -> list[dict] | None:
    """Return the annotations that mmdet uses, and note why it leaves out the others.

    None if a box is none.
    """
    images = {image['id']: image for image in contents['images']}
    categories = {c['id'] for c in contents['categories'] if c['name'] in findings.classes}
    objects, left_out, broken, beyond = [], Counter(), [], []
    for annotation in contents['annotations']:
        image = images[annotation['image_id']]
        if not _is_box(annotation.get('bbox')):
            broken.append(image['file_name'])
        elif annotation['category_id'] not in categories:
            left_out['objects of other classes'] += 1
        elif annotation.get('ignore'):
            left_out['objects that the file says to ignore'] += 1
        elif not all(_box_within(annotation['bbox'], image)) or not annotation['area'] > 0:
            left_out['objects below 1 px or outside their image'] += 1
        else:
            objects.append(annotation)
            if _reaches_beyond(annotation['bbox'], image):
                beyond.append(image['file_name'])
    if broken:
        findings.problem(
            f'{len(broken)} annotations have no bbox of four numbers',
            'give [x, y, width, height] in pixels',
            files=_once(broken),
        )
        return None
    for what, count in left_out.items():
        findings.leave_out(count, what)
    if beyond:
        findings.problem(
            f'{len(beyond)} boxes reach beyond their image',
            'bbox is [x, y, width, height] in pixels, not two corners',
            files=_once(beyond),
            stops=False,
        )
    return objects


def _used_images(
    findings: Findings, contents: dict, objects: Sequence[dict], options: Mapping
) -> list[dict]:
    """Return the images that mmdet uses, and note why it leaves out the others."""
    images, rules = contents['images'], options.get('filter_cfg') or {}
    if options.get('test_mode'):
        return images
    if rules.get('filter_empty_gt'):
        with_objects = {annotation['image_id'] for annotation in objects}
        used = [image for image in images if image['id'] in with_objects]
        findings.leave_out(len(images) - len(used), 'images without an object')
        images = used
    smallest = rules.get('min_size', 0)
    used = [image for image in images if min(_sides(image)) >= smallest]
    findings.leave_out(len(images) - len(used), f'images below {smallest} px')
    return used


def _check_masks(findings: Findings, contents: dict, objects: Sequence[dict]) -> None:
    names = {image['id']: image['file_name'] for image in contents['images']}
    if files := [names[a['image_id']] for a in objects if not a.get('segmentation')]:
        findings.problem(
            f'{len(files)} of {len(objects)} objects have no segmentation',
            'add it, or train on boxes alone with model.roi_head.mask_head=None and '
            'mmcnx2.LoadObjects, as docs/transfer.md says',
            files=_once(files),
        )
    flat = [names[a['image_id']] for a in objects if _is_flat(a.get('segmentation'))]
    if flat:
        findings.problem(
            f'{len(flat)} segmentations are lists of numbers',
            'give a list of polygons, [[x1, y1, x2, y2, ...]]',
            files=_once(flat),
        )


def _check_images(
    findings: Findings, images: Sequence[dict], folder: str, pipeline: Sequence
) -> None:
    entries = {os.path.join(folder, image['file_name']): image for image in images}
    facts = read_images(list(entries), read_header, pipeline)
    check_files(findings, facts)
    other = []
    for path, known in facts.items():
        said = entries[path].get('width'), entries[path].get('height')
        if known and known.height and all(said) and said != (known.width, known.height):
            other.append(f'{path}, {known.width}x{known.height} for {said[0]}x{said[1]} px')
    if other:
        findings.problem(
            f'{len(other)} images have, turned as their EXIF says, another size than their '
            'annotations say',
            'use the images that were annotated, or annotate these',
            files=other,
        )


def _is_box(box) -> bool:
    return (
        isinstance(box, list)
        and len(box) == 4
        and all(isinstance(side, int | float) and math.isfinite(side) for side in box)
    )


def _box_within(box: Sequence[float], image: dict) -> Iterator[bool]:
    """Yield, across and down, whether a part of a box of 1 px or more is in the image."""
    for start, length, side in zip(box[:2], box[2:], _sides(image), strict=True):
        yield length >= 1 and min(start + length, side) > max(start, 0)


def _reaches_beyond(box: Sequence[float], image: dict) -> bool:
    """Return whether more than a pixel of a box, as rounding may leave, is outside the image."""
    sides = zip(box[:2], box[2:], _sides(image), strict=True)
    return any(start < -1 or start + length > side + 1 for start, length, side in sides)


def _sides(image: dict) -> tuple[float, float]:
    return image.get('width') or math.inf, image.get('height') or math.inf


def _is_flat(segmentation) -> bool:
    return isinstance(segmentation, list) and not all(isinstance(p, list) for p in segmentation)


def _once(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))
