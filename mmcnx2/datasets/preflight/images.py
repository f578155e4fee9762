"""Problems that images have whatever their labels: files that are not there, damaged, left out."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from mmcnx2.datasets.listing import list_files
from mmcnx2.datasets.preflight.facts import ImageFacts
from mmcnx2.datasets.preflight.findings import Findings
from mmcnx2.datasets.preflight.pipeline import reading_options
from mmcnx2.datasets.preflight.reading import read_files
from mmcnx2.datasets.readers import ReadOptions, readable_endings


def check_files(findings: Findings, facts: Mapping[str, ImageFacts | None]) -> None:
    """Add image files that are missing or damaged.

    Args:
        findings: Findings of the data.
        facts: Facts of the files by path, None where there is no file.
    """
    if missing := [path for path, known in facts.items() if known is None]:
        findings.problem(
            f'{len(missing)} images are not there',
            'add them, or remove them from the annotations',
            files=missing,
        )
    if damaged := {p: known.damage for p, known in facts.items() if known and known.damage}:
        replaced = len(damaged) <= findings.max_unreadable * len(facts)
        findings.problem(
            f'{len(damaged)} images cannot be read',
            'other images take their place' if replaced else 'repair or remove them',
            files=[f'{path}, {reason}' for path, reason in damaged.items()],
            stops=not replaced,
        )


def read_images(paths: Sequence[str], read: Callable, pipeline: Sequence) -> dict:
    """Read what is to be known of image files, as a pipeline will read them.

    Args:
        paths: Paths of the files.
        read: One of :mod:`.facts`, to :class:`.ImageFacts`.
        pipeline: Configs of the transforms.

    Returns:
        The facts by path, None where there is no file.
    """
    options = reading_options(pipeline)
    own = '' if options == ReadOptions() else f' {options}'
    read, kind = partial(read, options=options), f'{read.__name__}{own}'
    return read_files(paths, read, facts=ImageFacts, kind=kind)


def unused_files(folder: str, used: Iterable[str]) -> list[str]:
    """Return the files below a folder, relative to it, whose paths are not among those given."""
    used = {os.path.abspath(path) for path in used}
    return [
        name
        for name in list_files(folder)
        if os.path.abspath(os.path.join(folder, name)) not in used
    ]


def leave_out_others(findings: Findings, folder: str, used: Iterable[str], *, mend: str) -> None:
    """Note the files below a folder that are not used, by ending; images among them are a warning.

    Args:
        findings: Findings of the data.
        folder: Where the images are.
        used: Paths of those that are used.
        mend: How the others would be.
    """
    unused = unused_files(folder, used)
    kinds = Counter(os.path.splitext(name)[1] or 'without an ending' for name in unused)
    for ending, count in kinds.most_common():
        findings.leave_out(count, f'{ending} files')
    endings = readable_endings()
    if images := [name for name in unused if name.lower().endswith(endings)]:
        findings.problem(f'{len(images)} images are left out', mend, files=images, stops=False)
