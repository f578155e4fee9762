"""Every line of shell in the pages is a command that its program takes."""

import re

import pytest

from tests.docs.verdicts import NOT_RUN
from tests.support.command_line import ROOT
from tests.support.command_words import UnknownCommandError, check, commands
from tests.support.pages import blocks, code_in_text

BLOCKS = blocks('sh', 'bash')
INLINE = sorted(
    {
        (page, text)
        for page, text in code_in_text()
        if re.match(r'(mmcnx2|python tools/\S+|make|pip install) [^.=]', text) and '...' not in text
    }
)
OURS = re.compile(r'(?:tools|tests|docs|configs/_base_)/[\w./-]+')


def verdict(words: list[str]) -> None:
    """Fail for words that their program refuses, or that no program here is asked about."""
    try:
        check(words)
    except UnknownCommandError as unknown:
        if str(unknown) not in NOT_RUN:
            pytest.fail(f"{' '.join(words)}: nothing reads {unknown}'s words; not_run.txt says why")


@pytest.mark.parametrize('block', BLOCKS, ids=str)
def test_its_commands_are_understood(block):
    found = list(commands(block.code))
    assert found
    for words in found:
        verdict(words)


@pytest.mark.parametrize(('page', 'text'), INLINE)
def test_commands_within_sentences_are_understood(page, text):
    for words in commands(text):
        verdict(words)


@pytest.mark.parametrize('block', BLOCKS, ids=str)
def test_files_of_the_project_exist(block):
    for path in OURS.findall(block.code):
        assert (ROOT / path).exists(), path


def test_there_are_blocks_and_sentences():
    assert len(BLOCKS) > 50 and len(INLINE) > 10


@pytest.mark.parametrize(
    'line',
    [
        'mmcnx2 pretrian photos/',
        'mmcnx2 pretrain photos/ --out runs/pre --epoch 3',
        'mmcnx2 pretrain photos/ --out runs/pre --epochs many',
        'python tools/trian.py CONFIG',
        'python tools/train.py CONFIG --cfg-opts data_root=a',
        'python tools/train.py CONFIG --cfg-options data_rot=a',
        'python tools/train.py configs/fcmae/nowhere.py',
        'python tools/torchrun.py --nproc=2 tools/train.py CONFIG --lancher pytorch',
        'bash tools/dist_train.sh configs/nowhere.py 8',
        'OMP_NUM_THREADS=1 python -m mmcnx2.docter',
        "pip install 'mmcnx2[everything]'",
        'make tests',
        'pytest tests/nowhere.py',
    ],
)
def test_what_is_wrong_would_be_seen(line, capsys):
    (words,) = commands(line)
    with pytest.raises((ValueError, AssertionError, SystemExit)) as refused:
        check(words)
    assert not isinstance(refused.value, UnknownCommandError)


def test_shell_is_split_into_commands():
    script = "A=b  # why\npython x.py $A \\\n    'c d' && make e\nF=1 g h"
    found = [['python', 'x.py', 'b', 'c d'], ['make', 'e'], ['g', 'h']]
    assert list(commands(script)) == found
