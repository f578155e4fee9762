"""The look at the data as one of several processes meets it."""

import json
from pathlib import Path

from mmengine.config import Config

from mmcnx2.datasets.preflight import look
from mmcnx2.engine.data_check import check_data

FOLDERS = ('empty', 'images')


def save_verdicts(rank: int, folder: str) -> None:
    """Leave how a process ends after the look at each of the folders, as ``{rank}.json``."""
    verdicts = {name: _verdict(Path(folder, name)) for name in FOLDERS}
    Path(folder, f'{rank}.json').write_text(json.dumps(verdicts))


def _verdict(folder: Path) -> dict:
    looked = []
    check_batches = look.check_batches
    look.check_batches = lambda *args, **options: (
        looked.append(options['processes']),
        check_batches(*args, **options),
    )
    dataset = dict(type='mmcnx2.ImageFolderUnlabelled', data_root=str(folder))
    code = None
    try:
        check_data(Config(dict(default_scope='mmpretrain')), dict(train=dict(dataset=dataset)))
    except SystemExit as end:
        code = end.code
    finally:
        look.check_batches = check_batches
    return dict(code=code, looked=looked)
