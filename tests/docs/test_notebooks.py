"""Every notebook runs as it is, in a kernel of its own, in an empty folder, as Jupyter runs it.

Needs nbclient and ipykernel: ``pip install nbclient ipykernel``.
"""

from pathlib import Path

import pytest

nbclient = pytest.importorskip('nbclient')
import nbformat  # comes with nbclient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / 'docs/notebooks').glob('*.ipynb'))


@pytest.mark.slow
@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path):
    where = dict(metadata=dict(path=str(tmp_path)))
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=580, startup_timeout=580, resources=where).execute()


@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_what_it_printed(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get('outputs') and not cell.get('execution_count'), cell.source


def test_there_are_notebooks():
    assert len(NOTEBOOKS) > 2
