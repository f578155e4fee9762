"""What every test starts from, and which tests there are: those that want a GPU, those skipped.

Nothing here needs more than torch and pytest: the tests of kernels run where that is all there is.
"""

import gc
import os
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from mmcnx2.processes.threads import settle_threads

settle_threads()  # before torch is imported, which reads it

import torch

import mmcnx2  # noqa: F401  (ahead of whichever test imports mmcv, whose operators it answers)

if not torch.cuda.is_available():
    os.environ.setdefault('TRITON_INTERPRET', '1')  # read when triton is first imported

EXPECTED_SKIPS = Path(__file__).with_name('expected_skips.txt')


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files without a test for a GPU where those alone are wanted, before importing them.

    They would import OpenMMLab and more, which no kernel needs.
    """
    is_folder = collection_path.is_dir()
    if config.option.markexpr != 'gpu' or not (is_folder or collection_path.suffix == '.py'):
        return None
    # A folder is imported, too, if it has a conftest.
    files = collection_path.rglob('test_*.py') if is_folder else [collection_path]
    wanted = ('mark.gpu', 'tests.support.devices')
    return None if any(word in file.read_text() for file in files for word in wanted) else True


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker('gpu') and not torch.cuda.is_available():
        pytest.skip('needs a CUDA GPU')


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _fail_if_unexpected((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _fail_if_unexpected((yield))


def _fail_if_unexpected(report):
    """Turn a skip into a failure, unless tests/expected_skips.txt has its test and its reason."""
    if report.skipped and not hasattr(report, 'wasxfail'):
        skip = f'{report.nodeid}: {report.longrepr[2].removeprefix("Skipped: ")}'
        lines = [line for line in EXPECTED_SKIPS.read_text().splitlines() if line[:1] != '#']
        if not any(fnmatchcase(skip, _literal(line)) for line in lines):
            report.outcome = 'failed'
            report.longrepr = f'{skip}\n{EXPECTED_SKIPS.name} has no line for this skip.'
    return report


def _literal(pattern: str) -> str:
    """Let ``*`` alone be special: brackets are those of parametrized tests."""
    return pattern.replace('[', '[[]')


@pytest.fixture(autouse=True)
def nothing_left_by_other_runs():
    """Forget the scopes and losses that Runners of earlier tests left in mmengine's global tables.

    They are kept by name and second: a run of the same name that began at once would go on there.
    """
    if registry := sys.modules.get('mmengine.registry'):
        registry.DefaultScope._instance_dict.clear()
    if logging := sys.modules.get('mmengine.logging'):
        logging.MessageHub._instance_dict.clear()


@pytest.fixture(autouse=True)
def configs_as_they_come(monkeypatch):
    """Leave a config's text as mmengine puts it together, once Python has read it.

    A runner formats its whole config with yapf when it is built, before it runs and at each
    checkpoint: most of the time of a short training. Tools in processes of their own still do.
    """
    if config := sys.modules.get('mmengine.config.config'):
        # onedl-mmengine imports it where it is called: its configs are formatted.
        monkeypatch.setattr(config, 'FormatCode', _only_read, raising=False)


def _only_read(text: str, **_) -> tuple[str, bool]:
    """Stand in for yapf's ``FormatCode``: raise SyntaxError where it does, and change nothing."""
    compile(text, 'config', 'exec')
    return text, False


@pytest.fixture(autouse=True, scope='module')
def imports_out_of_the_garbage():
    """Spare the collector what earlier modules left alive: imports, a million objects of them.

    mmengine has every data set collect garbage, which else takes most of a small one's test.
    """
    gc.collect()
    gc.freeze()
