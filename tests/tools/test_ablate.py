"""tools/ablate.py at sizes that mean nothing: every run is done, reused, and ends in a table."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest

from mmcnx2.engine.jobs import parts
from tests.support.forked_tool import run_tool

TOOL = Path(__file__).parents[2] / 'tools/ablate.py'
TINY = ('--pretraining-epochs=3', '--finetuning-epochs=2', '--unlabelled=40', '--train=20',
        '--val=20', '--seeds=1', '--jobs=2')  # fmt: skip


@pytest.fixture
def ablate(monkeypatch):
    """The tool, here, as ``ablate(*arguments)``: starting Python would take most of the time."""
    spec = importlib.util.spec_from_file_location('ablate', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setattr(parts, 'run_tool', run_tool)
    # One row is enough to see a table filled.
    sparse = tool.ABLATIONS['sparse']
    monkeypatch.setitem(tool.ABLATIONS, 'sparse', replace(sparse, rows=sparse.rows[1:]))

    def call(*arguments: str) -> None:
        monkeypatch.setattr('sys.argv', ['tools/ablate.py', *arguments])
        tool.main(tool.parse_args())

    return call


def test_writes_a_table_reuses_its_runs_and_names_what_failed(ablate, tmp_path, capsys):
    ablate('sparse', '--work-dir', str(tmp_path), *TINY)
    assert '2 runs, 0 of them done before' in capsys.readouterr().out
    content = json.loads((tmp_path / 'tables/table_sparse.json').read_text())
    (row,) = content['outcomes']
    assert (row['name'], row['paper'], row['failure']) == ('with', 83.7, '')
    assert len(row['scores']) == 1 and 0 <= row['scores'][0] <= 100
    assert row['loss'] > 0
    assert len(content['times']) == 2
    ablate('sparse', '--work-dir', str(tmp_path), *TINY)
    assert '2 runs, 2 of them done before' in capsys.readouterr().out

    with pytest.raises(SystemExit, match=r'error: 1 runs failed \(fcmae_.*the same command'):
        ablate('sparse', '--work-dir', str(tmp_path), *TINY, '--cfg-options', 'data_root=nowhere')
    (row,) = json.loads((tmp_path / 'tables/table_sparse.json').read_text())['outcomes']
    assert "data folder 'nowhere/unlabelled'" in row['failure'] and not row['scores']


def test_dry_run_prints_the_commands_of_the_real_scale(ablate, capsys):
    ablate('2c', '--scale', 'real', '--gpus', '8', '--dry-run')
    commands = capsys.readouterr().out.splitlines()
    assert len(commands) == 4
    assert all('--nproc_per_node=8' in line and '--auto-scale-lr' in line for line in commands)
    assert 'fcmae_convnextv2-base-grn-no-residual_64xb64-amp-coslr-800e_in1k.py' in commands[0]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['2z'], "table '2z' is unknown: use some of 1a, 1b"),
        (['3-large'], 'table 3-large needs --scale real'),
        ([], 'name a table'),
    ],
)
def test_what_cannot_be_run_is_refused(ablate, options, message, capsys):
    with pytest.raises(SystemExit):
        ablate(*options)
    assert message in capsys.readouterr().err
