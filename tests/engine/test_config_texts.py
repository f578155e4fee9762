"""Texts within a config are replaced wherever they stand, and once."""

from mmengine.config import Config

from mmcnx2.engine.config_texts import map_texts, set_data_root


def test_paths_in_tuples_move_too():
    cfg = Config(dict(data_root='a', test_evaluator=dict(files=('a/x', 'b/x'))))
    set_data_root(cfg, 'c')
    assert cfg.test_evaluator.files == ('c/x', 'b/x')


def test_what_two_keys_share_is_changed_once():
    cfg = Config(dict(a=dict(paths=['x', 3])))
    cfg.b = cfg.a
    map_texts(cfg, ['a', 'b'], lambda text: text + '!')
    assert cfg.a.paths == cfg.b.paths == ['x!', 3]
