"""Options that several tools share: settings of a config, from the command line."""

import argparse

import pytest

from mmcnx2.shared_options import add_config_options, read_settings


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('a.b=1', 1),
        ('a.b=1e-4', 1e-4),
        ('a.b=True', True),
        ('a.b=None', None),
        ('a.b=', ''),
        ('a.b=x=y', 'x=y'),
        ('a.b=/photos of 2024/owls', '/photos of 2024/owls'),
        ('a.b=[1,2]', [1, 2]),
        ('a.b=(a,b)', ('a', 'b')),
        ('a.b=1,2', [1, 2]),
    ],
)
def test_a_setting_is_a_number_a_text_or_several(text, value):
    assert read_settings([text]) == {'a.b': value}


@pytest.mark.parametrize(
    'path',
    ['/data/a,b', 'a,b', '/data/[1]', '[a,b]', '(a)', '/data/(x', 'my pictures', '2024', 'a=b', ''],
)
@pytest.mark.parametrize('key', ['data_root', 'model.backbone.init_cfg.checkpoint'])
def test_a_path_stays_as_it_is_written(key, path):
    assert read_settings([f'{key}={path}']) == {key: path}


def test_quotes_around_a_path_go_none_is_none_and_a_tilde_the_home_folder(monkeypatch):
    monkeypatch.setenv('HOME', '/home/ada')
    given = ['data_root="a, b"', 'load_from=None', 'work_dir=~/a,b']
    expected = dict(data_root='a, b', load_from=None, work_dir='/home/ada/a,b')
    assert read_settings(given) == expected


@pytest.mark.parametrize('text', ['a=[(1],2)', 'a=(a),(b)'])
def test_brackets_close_each_other(text):
    with pytest.raises(ValueError, match='brackets that do not close each other'):
        read_settings([text])


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    add_config_options(parser)
    return parser


def test_settings_add_up_and_the_last_one_holds(parser):
    words = '--cfg-options a=1 b.c=2 --cfg-options a=3'.split()
    assert parser.parse_args(words).cfg_options == {'a': 3, 'b.c': 2}
    assert parser.parse_args([]).cfg_options is None


def test_brackets_end_the_tool_with_a_sentence(parser, capsys):
    with pytest.raises(SystemExit) as refusal:
        parser.parse_args(['--cfg-options', 'a=[(1],2)'])
    assert refusal.value.code == 2
    assert "argument --cfg-options: 'a=[(1],2)' has brackets" in capsys.readouterr().err
