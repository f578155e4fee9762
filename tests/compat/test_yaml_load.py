"""mmengine reads YAML as data: what a file names is not called, what it holds is unchanged."""

import pytest
from mmengine.config import Config
from mmengine.fileio import load

from mmcnx2.engine.launch import read_config


@pytest.mark.parametrize('ending', ['yaml', 'yml'])
@pytest.mark.parametrize(
    'tag',
    ['object/apply:os.mkdir [{evidence}]', 'object/new:os.mkdir [{evidence}]', 'name:os.mkdir'],
)
def test_nothing_that_a_config_names_is_called(tag, ending, tmp_path):
    evidence, path = tmp_path / 'code was run', tmp_path / f'config.{ending}'
    path.write_text(f'model: !!python/{tag.format(evidence=evidence)}\n')
    with pytest.raises(ValueError, match=f"config '{path}' cannot be read: it asks for .*mkdir"):
        read_config(str(path))
    for read in (Config.fromfile, load):
        with pytest.raises(ValueError, match='could run code: write plain values'):
            read(path)
    assert not evidence.exists()


def test_neither_is_what_a_base_of_a_config_names(tmp_path):
    evidence = tmp_path / 'code was run'
    (tmp_path / 'base.yaml').write_text(f'a: !!python/object/apply:os.mkdir [{evidence}]\n')
    (tmp_path / 'config.py').write_text("_base_ = 'base.yaml'\n")
    with pytest.raises(ValueError, match='could run code'):
        read_config(str(tmp_path / 'config.py'))
    assert not evidence.exists()


def test_what_mmengine_writes_it_reads(tmp_path):
    content = dict(scale=(224, (1, 2)), lr=1e-4, on=True, nothing=None, steps=[1, 'a'])
    Config(content).dump(tmp_path / 'config.yaml')
    assert Config.fromfile(tmp_path / 'config.yaml').to_dict() == content


def test_what_is_no_yaml_is_told_with_the_place(tmp_path):
    (tmp_path / 'config.yml').write_text('a: [1\nb: 2')
    with pytest.raises(ValueError, match='it is no YAML: while parsing a flow sequence .* line 2'):
        read_config(str(tmp_path / 'config.yml'))
