"""Skips are expected or failures, and tests for a GPU need nothing that is imported elsewhere."""

import shutil
from pathlib import Path

import pytest
import torch

pytest_plugins = ['pytester']

TESTS = Path(__file__).parent


@pytest.fixture
def run(pytester):
    """``run(text, *options)`` runs one test file in a suite that has this one's conftest.py."""
    for name in ('conftest.py', 'expected_skips.txt'):
        shutil.copy(TESTS / name, pytester.path)
    pytester.makeini('[pytest]\nmarkers = gpu: needs a CUDA device')

    def run(text: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=text)
        return pytester.runpytest_inprocess('-p', 'no:cacheprovider', *options)

    return run


@pytest.mark.parametrize(
    'skipping',
    [
        "import pytest\npytest.importorskip('no_such_package')\n",
        "import pytest\ndef test_it(): pytest.skip('for no good reason')\n",
        "import pytest\n@pytest.mark.skip('for no good reason')\ndef test_it(): pass\n",
    ],
    ids=['file', 'call', 'mark'],
)
def test_a_skip_that_the_list_does_not_have_fails_with_its_reason(skipping, run):
    result = run(skipping)
    assert result.ret != 0 and 'skipped' not in result.parseoutcomes()
    reason = 'could not import' if 'importorskip' in skipping else 'for no good reason'
    result.stdout.fnmatch_lines([f'test_it.py*: {reason}*', '*expected_skips.txt has no line*'])


def test_a_skip_that_it_has_and_an_expected_failure_are_no_failures(run):
    result = run(
        'import pytest\n'
        "@pytest.mark.parametrize('i', [1])\n"
        "def test_it(i): pytest.skip('no reference tensors in ../a[b]')\n"
        '@pytest.mark.xfail\ndef test_that(): assert False\n'
    )
    result.assert_outcomes(skipped=1, xfailed=1)


def test_a_test_for_a_gpu_is_skipped_where_there_is_none(run, monkeypatch):
    monkeypatch.setenv('TRITON_INTERPRET', '')  # which stays as it is in this process
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    result = run('import pytest\n@pytest.mark.gpu\ndef test_it(): assert False\n', '-rs')
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(['*needs a CUDA GPU'])


def test_files_without_a_test_for_a_gpu_are_not_imported_where_those_are_wanted(run):
    assert run('import no_such_package').ret != 0
    result = run('import no_such_package', '-m', 'gpu')
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
