"""``meta.json``: what a data set was made from, and whether it is all there."""

import dataclasses
import json
from pathlib import Path

from ..scene_settings import VERSION, SceneSettings
from .backgrounds import STUFF_CLASSES
from .shapes import OBJECT_CLASSES

META_FILE = 'meta.json'

GENERATOR = 'mmcnx2 scenes'
"""How a data set of scenes is told from any other folder with a ``meta.json``."""


def describe(settings: SceneSettings, *, complete: bool) -> dict:
    """Content of ``meta.json`` for a data set of these settings and this version."""
    objects = list(OBJECT_CLASSES[: settings.classes])
    return dict(
        generator=GENERATOR,
        version=VERSION,
        complete=complete,
        settings=dataclasses.asdict(settings),
        object_classes=objects,
        segmentation_classes=objects + list(STUFF_CLASSES),
    )


def read_meta(root: Path) -> dict | None:
    """Read ``meta.json`` of a folder; None if it has none that tells of a scene data set."""
    try:
        meta = json.loads((root / META_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return meta if isinstance(meta, dict) and meta.get('generator') == GENERATOR else None


def write_meta(root: Path, meta: dict) -> None:
    """Write ``meta.json`` in one step, so that it is never half there."""
    draft = root / f'{META_FILE}.draft'
    draft.write_text(json.dumps(meta, indent=2) + '\n')
    draft.replace(root / META_FILE)
