"""tools/benchmarks/data_path.py from the command line, at a size that measures nothing."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def benchmark(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(ROOT / 'tools/benchmarks/data_path.py'), *arguments],
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_prints_every_table_and_tells_assumptions_from_measurements():
    run = benchmark('--images', '2', '--rounds', '1', '--parts', '--rate', 'tiny=9000')
    assert run.returncode == 0, run.stderr
    rows = {}
    for line in run.stdout.splitlines():
        if line.startswith('| '):
            name, *cells = [cell.strip() for cell in line.strip('|').split('|')]
            rows[name] = cells
    official, ours = rows['official: Pillow, torchvision'], rows['mmcnx2']
    assert official[-1] == '1.00'
    assert 80 < int(official[0]) == int(ours[0]) < 140, 'the files have not the size of ImageNet'
    assert float(ours[2]) > 0
    assert {'simplejpeg', 'torchvision.io', 'OpenCV', 'Pillow'} <= rows.keys()
    assert rows['torch, uint8 bicubic, antialiased'][1] < '0.1'
    assert rows['tiny'][:2] == ['given', '9,000']
    assert rows['base'][:2] == ['assumed', '5,000']
    assert 'NOT measured here' in run.stdout
