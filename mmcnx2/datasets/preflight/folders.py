"""The look at images in class folders: do folders mean classes, and are all images read?"""

from collections import Counter
from collections.abc import Mapping
from itertools import chain

from mmpretrain.datasets import CustomDataset

from mmcnx2.datasets.preflight.facts import read_end
from mmcnx2.datasets.preflight.findings import Findings
from mmcnx2.datasets.preflight.images import check_files, leave_out_others, read_images
from mmcnx2.datasets.preflight.pipeline import reads_images
from mmcnx2.first_few import first_few


def look_at_folders(
    findings: Findings, dataset: CustomDataset, options: Mapping, *, scored: bool
) -> None:
    """Look at the data of a classification data set.

    Args:
        findings: What is found goes here.
        dataset: Built, its ``data_list`` not serialized; one whose images have several labels has
            an ``ann_file``.
        options: Options of its config.
        scored: Whether labels are needed.
    """
    samples = dataset.data_list
    images = [sample['img_path'] for sample in samples]
    labels = Counter(chain.from_iterable(map(_labels, samples)))
    findings.images += len(images)
    findings.labels.update({'labels': labels.total()} if labels else {})
    findings.classes = dataset.metainfo.get('classes')
    if scored and images and not labels:
        findings.problem(f'{len(images)} images have no label', 'set with_label=True, or ann_file')
    by_folder = not dataset.ann_file and dataset.with_label
    if by_folder and (hidden := [n for n in findings.classes or () if n.startswith('.')]):
        findings.problem(
            f'{len(hidden)} hidden folders count as classes',
            'remove them, or take mmcnx2.ImageFolderLabelled, which leaves them out',
            files=hidden,
        )
    empty = [name for label, name in enumerate(findings.classes or ()) if not labels[label]]
    if by_folder and labels and empty:
        findings.problem(
            f'{len(empty)} classes have no image ({first_few(empty)})',
            'they are counted and not seen',
            stops=False,
        )
    if not dataset.ann_file and not options.get('indices'):
        leave_out_others(
            findings,
            dataset.img_prefix,
            images,
            mend='they stand in no class folder, or have an ending that is none of extensions '
            f'({first_few(sorted(dataset.extensions))}): move them, or take '
            'mmcnx2.ImageFolderLabelled, which reads all formats',
        )
    pipeline = options.get('pipeline', ())
    if reads_images(pipeline):
        check_files(findings, read_images(images, read_end, pipeline))


def _labels(sample: Mapping) -> list[int]:
    labels = sample.get('gt_label', [])
    return labels if isinstance(labels, list) else [labels]
