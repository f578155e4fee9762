"""tools/dataset_tools/make_shards.py from the command line."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.shards import write_images

ROOT = Path(__file__).parents[2]


def make_shards(*arguments) -> subprocess.CompletedProcess:
    tool = ROOT / 'tools/dataset_tools/make_shards.py'
    return subprocess.run(
        [sys.executable, str(tool), *map(str, arguments)],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_packs_verifies_and_names_damage(tmp_path):
    write_images(tmp_path / 'images', 12)
    out = tmp_path / 'out'
    run = make_shards(tmp_path / 'images', '--out', out, '--images-per-shard', 5, '--labels',
                      '--workers', 2)  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert '12 images in 3 shards' in run.stdout
    assert '100%' in run.stderr, 'no progress bar'
    run = make_shards('--verify', out)
    assert run.returncode == 0 and 'all shards are as the index says' in run.stdout, run.stderr
    (out / 'images-000001.tar').unlink()
    run = make_shards('--verify', out)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].endswith("images-000001.tar': it is missing")


def test_a_missing_folder_is_one_sentence(tmp_path):
    run = make_shards(tmp_path / 'nowhere', '--out', tmp_path / 'out')
    assert run.returncode == 1
    assert run.stderr.startswith('error: Image folder') and 'Traceback' not in run.stderr
    assert not (tmp_path / 'out').exists()
