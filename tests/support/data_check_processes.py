"""The look at the data as one of several processes meets it."""

import json
from pathlib import Path

from mmengine.config import Config

from mmcnx2.datasets.preflight import look
from mmcnx2.engine.data_check import check_data


def save_verdict(rank: int, folder: str) -> None:
    """Leave how a process ends after the look at ``folder/images``, as ``{rank}.json``."""
    looked = []
    check_batches = look.check_batches
    look.check_batches = lambda *args, **options: (
        looked.append(options['processes']),
        check_batches(*args, **options),
    )
    dataset = dict(type='mmcnx2.ImageFolderUnlabelled', data_root=f'{folder}/images')
    code = None
    try:
        check_data(Config(dict(default_scope='mmpretrain')), dict(train=dict(dataset=dataset)))
    except SystemExit as end:
        code = end.code
    Path(folder, f'{rank}.json').write_text(json.dumps(dict(code=code, looked=looked)))
