"""What tools/test.py asks of the toolboxes."""

from types import SimpleNamespace

from mmengine.config import Config
from mmengine.runner import Runner

from mmcnx2.engine.evaluation import keep_training_config


def test_a_test_leaves_the_trainings_config_as_it_is(tmp_path):
    (tmp_path / 'scenes.py').write_text('lr = 1')
    cfg = Config.fromfile(tmp_path / 'scenes.py')
    cfg.model = dict(type='AverageClsScoreTTA')
    keep_training_config(cfg)
    Runner.dump_config(SimpleNamespace(cfg=cfg, work_dir=str(tmp_path)))
    assert (tmp_path / 'scenes.py').read_text() == 'lr = 1'
    assert Config.fromfile(tmp_path / 'scenes_test.py').model.type == 'AverageClsScoreTTA'
    assert '_filename' not in cfg
