"""No block of code is without a verdict: it is tried here, or not_run.txt says why it is not."""

import re

from tests.docs.verdicts import NOT_RUN
from tests.support.command_line import ROOT
from tests.support.pages import blocks, languages

SHOWN = {'sh', 'bash', 'python', '', 'dockerfile', 'yaml'}


def test_every_language_has_a_test():
    assert languages() <= SHOWN


def test_what_is_no_code_says_what_it_is():
    for block in blocks('', 'dockerfile', 'yaml'):
        assert block.name in NOT_RUN, f'{block}: not_run.txt has no reason for it'


def test_no_reason_outlives_its_block():
    names = {block.name for block in blocks(*SHOWN)}
    lines = '\n'.join(block.code for block in blocks('sh', 'bash'))
    for name in NOT_RUN:
        if '.md: ' in name:
            assert name in names, name
        else:
            assert re.search(rf'(^|\s){re.escape(name)}\s', lines), name


def test_tests_that_reasons_name_exist():
    for reason in NOT_RUN.values():
        for path in re.findall(r'tests/[\w/.]+\.py', reason):
            assert (ROOT / path).is_file(), path
