"""``load_from``, ``init_cfg`` and ``load_checkpoint`` take every dialect and every kind of file."""

import logging
import pickle
import sys

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import EMAHook
from mmengine.logging import MMLogger
from mmengine.model import BaseModel, BaseTTAModel, PretrainedInit
from mmengine.registry import MODELS, DefaultScope
from mmengine.runner import Runner, load_checkpoint
from mmengine.runner import checkpoint as mmengine_checkpoint

from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.checkpoints.dialects import DIALECTS
from mmcnx2.checkpoints.files import CheckpointError, save_checkpoint
from mmcnx2.models import ConvNeXtV2, loading
from tests.support.command_line import ROOT
from tests.support.fcmae import make_fcmae
from tests.support.file_server import served
from tests.support.states import CLASSES, assert_same_state, bare, make_state
from tests.support.toy import ARCH
from tests.support.toy_config import shrink

# The package's name for it is the function.
recognize_module = sys.modules['mmcnx2.checkpoints.recognize']


@pytest.fixture
def log(caplog):
    """The log of mmengine, which does not reach pytest by itself."""
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    with caplog.at_level(logging.INFO):
        yield caplog
    logger.removeHandler(caplog.handler)


def make_classifier():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(
            dict(
                type='ImageClassifier',
                backbone=dict(type='mmcnx2.ConvNeXtV2', arch=ARCH, gap_before_final_norm=True),
                head=dict(type='LinearClsHead', num_classes=CLASSES, in_channels=24),
            )
        ).double()


@pytest.fixture(scope='module')
def state() -> dict:
    return make_state('norm', 'head')


@pytest.mark.parametrize('to', ['mmcnx2', 'official', 'timm', 'hf'])
def test_a_classifier_loads_every_librarys_classifier(to, state, tmp_path, log):
    save_checkpoint({'model': convert_state_dict(state, to=to)}, tmp_path / 'theirs.pth')
    model = make_classifier()
    load_checkpoint(model, str(tmp_path / 'theirs.pth'), strict=True, logger='current')
    assert_same_state(state, model.state_dict())
    lines = [line for line in log.messages if 'Recognized' in line]
    assert len(lines) == 1 and 'head of 5 classes; depths 1-2-1-1' in lines[0]


@pytest.mark.parametrize('dialect', DIALECTS)
@pytest.mark.parametrize('prefix', ['backbone.', None])
def test_init_cfg_takes_every_dialect_with_a_prefix_or_without(dialect, prefix, tmp_path):
    has_norm = dialect != 'official_sparse'
    state = make_state(*(['norm'] if has_norm else []))
    path = tmp_path / 'theirs.safetensors'
    save_checkpoint(convert_state_dict(state, to=dialect), path)
    init_cfg = dict(type='Pretrained', checkpoint=str(path), prefix=prefix)
    net = ConvNeXtV2(ARCH, final_norm=has_norm, init_cfg=init_cfg).double()
    net.init_weights()
    assert_same_state(bare(state), net.state_dict())


@pytest.mark.parametrize(
    'config',
    [
        'demo/mask-rcnn_convnextv2-atto_fpn_1xb8-12e_scenes.py',
        'demo/upernet_convnextv2-atto_1xb8-2k_scenes-128x128.py',
    ],
    ids=['detector', 'segmentor'],
)
@pytest.mark.parametrize('to', ['official', 'timm', 'hf'])
def test_a_detector_and_a_segmentor_start_from_every_librarys_classifier(config, to, tmp_path):
    cfg = shrink(Config.fromfile(ROOT / 'configs' / config))
    arch = {key: tuple(value) for key, value in cfg.model.backbone.arch.items()}
    state = make_state('norm', 'head', arch=arch)
    torch.save({'model': convert_state_dict(state, to=to)}, tmp_path / 'theirs.pth')
    cfg.model.backbone.init_cfg = dict(
        type='Pretrained', checkpoint=str(tmp_path / 'theirs.pth'), prefix='backbone.'
    )
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model).double()
    model.backbone.init_weights()
    loaded = model.backbone.state_dict()
    assert_same_state(bare(state), {name: loaded[name] for name in bare(state)})
    model.backbone.load_state_dict({name: 0 * tensor for name, tensor in loaded.items()})
    load_checkpoint(model, str(tmp_path / 'theirs.pth'))
    loaded = model.backbone.state_dict()
    assert_same_state(bare(state), {name: loaded[name] for name in bare(state)})


def test_missing_and_unused_keys_are_listed(state, tmp_path, log):
    theirs = convert_state_dict(make_state('decoder'), to='official_sparse')
    torch.save({'model': theirs}, tmp_path / 'fcmae.pth')
    load_checkpoint(make_classifier(), str(tmp_path / 'fcmae.pth'), logger='current')
    assert 'official FCMAE on MinkowskiEngine: encoder, decoder of 1 x 16' in log.text
    assert 'missing keys in source state_dict: head.fc.weight, head.fc.bias' in log.text
    assert 'backbone.norm3, of which the weights have none, start new.' in log.text
    assert 'unexpected key in source state_dict: neck.mask_token, neck.proj' in log.text


def test_the_official_pre_training_loads_into_fcmae_and_its_decoder_alone_too(tmp_path):
    state = make_state('decoder')
    path = tmp_path / 'official.pth'
    torch.save({'model': convert_state_dict(state, to='official_sparse'), 'epoch': 799}, path)
    model = make_fcmae()
    load_checkpoint(model, str(path), strict=True)
    assert_same_state(state, model.state_dict())

    other = make_fcmae(seed=5)
    PretrainedInit(checkpoint=str(path), prefix='neck.')(other.neck)
    expected = {k.removeprefix('neck.'): v for k, v in state.items() if k.startswith('neck.')}
    assert_same_state(expected, other.neck.state_dict())


def test_other_classes_leave_the_head_new(state, tmp_path, log):
    ten = convert_state_dict(state, to='timm', num_classes=10)
    torch.save(ten, tmp_path / 'ten.pth')
    model = make_classifier()
    head = model.head.fc.weight.clone()
    load_checkpoint(model, str(tmp_path / 'ten.pth'), logger='current')
    assert model.head.fc.weight.equal(head)
    assert 'size mismatch for head.fc.weight' in log.text
    assert_same_state(bare(state), model.backbone.state_dict())


def test_load_from_reaches_the_average_of_a_run_too(state, tmp_path):
    """mmengine's EMAHook copies what was loaded before the names were translated."""
    torch.save({'model': convert_state_dict(state, to='official')}, tmp_path / 'theirs.pth')
    hook = EMAHook()
    runner = Runner(
        make_classifier(),
        str(tmp_path),
        load_from=str(tmp_path / 'theirs.pth'),
        custom_hooks=[hook],
        default_scope='mmpretrain',
    )
    hook.before_run(runner)
    runner.load_or_resume()
    assert_same_state(state, runner.model.state_dict())
    assert_same_state(state, hook.ema_model.module.state_dict())


def test_weights_beside_their_average_have_to_be_chosen(state, tmp_path):
    theirs = convert_state_dict(state, to='official')
    torch.save({'model': theirs, 'model_ema': theirs}, tmp_path / 'both.pth')
    with pytest.raises(ValueError, match='say which with ema=True'):
        load_checkpoint(make_classifier(), str(tmp_path / 'both.pth'))


def test_test_time_augmentation_is_looked_through(state, tmp_path):
    class Average(BaseTTAModel):
        def merge_preds(self, data_samples_list):
            return data_samples_list

    torch.save(convert_state_dict(state, to='hf'), tmp_path / 'theirs.pth')
    model = Average(make_classifier())
    load_checkpoint(model, str(tmp_path / 'theirs.pth'), strict=True)
    assert_same_state(state, model.module.state_dict())


def test_a_file_behind_an_address_is_read_without_running_its_code(state, tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    folder = tmp_path / 'served'
    save_checkpoint(convert_state_dict(state, to='timm'), folder / 'theirs.safetensors')
    torch.save({'state_dict': RunsCode(tmp_path / 'it_ran')}, folder / 'stranger.pth')
    with served(folder) as address:
        model = make_classifier()
        load_checkpoint(model, f'{address}/theirs.safetensors', strict=True)
        assert_same_state(state, model.state_dict())
        with pytest.raises(CheckpointError):
            load_checkpoint(model, f'{address}/stranger.pth')
        names = {'stranger': f'{address}/stranger.pth'}  # of mmengine's own list
        monkeypatch.setattr(mmengine_checkpoint, 'get_external_models', lambda: names)
        with pytest.raises(CheckpointError):
            load_checkpoint(model, 'open-mmlab://stranger')
    assert not (tmp_path / 'it_ran').exists()


class RunsCode:
    def __init__(self, evidence):
        self.evidence = str(evidence)

    def __reduce__(self):
        import os

        return os.mkdir, (self.evidence,)


class Foreign(BaseModel):
    """A model of someone else, in timm's names."""

    def __init__(self):
        super().__init__()
        self.model = torch.nn.Module()
        for name, tensor in convert_state_dict(make_state(), to='timm').items():
            *path, last = name.split('.')
            module = self.model
            for step in path:
                if not hasattr(module, step):
                    module.add_module(step, torch.nn.Module())
                module = getattr(module, step)
            module.register_buffer(last, torch.zeros_like(tensor))

    def forward(self, inputs, mode='tensor'):
        return inputs


def test_models_without_this_backbone_are_loaded_as_before(tmp_path, log):
    theirs = convert_state_dict(make_state(), to='timm')
    torch.save({f'model.{k}': v for k, v in theirs.items()}, tmp_path / 'theirs.pth')
    model = Foreign()
    load_checkpoint(model, str(tmp_path / 'theirs.pth'), strict=True)
    assert_same_state(theirs, model.model.state_dict())
    torch.save({'layer1.weight': torch.ones(1)}, tmp_path / 'resnet.pth')
    load_checkpoint(model, str(tmp_path / 'resnet.pth'), logger='current')
    assert 'unexpected key in source state_dict: layer1.weight' in log.text
    assert 'Recognized' not in log.text


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save(
        {'state_dict': {'backbone.layer1.0.conv1.weight': torch.ones(1)}}, tmp_path / 'r.pth'
    )
    with pytest.raises(ValueError, match='nothing to load into this ImageClassifier: .*layer1'):
        load_checkpoint(make_classifier(), str(tmp_path / 'r.pth'))
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'r.pth'), prefix='neck.')
    net = ConvNeXtV2(ARCH, init_cfg=init_cfg)
    with pytest.raises(CheckpointError, match="r.pth' has nothing below 'neck.': no known"):
        net.init_weights()


@pytest.mark.parametrize('prefix', ['backbone.', None])
@pytest.mark.parametrize('to', ['mmcnx2', 'official', 'timm'])
def test_a_checkpoint_is_read_once_a_load(to, prefix, state, tmp_path, monkeypatch):
    read, count = recognize_module._read, []
    monkeypatch.setattr(recognize_module, '_read', lambda *args: count.append(1) or read(*args))
    path = tmp_path / 'theirs.pth'
    save_checkpoint({'model': convert_state_dict(state, to=to)}, path)
    count.clear()
    load_checkpoint(make_classifier(), str(path))
    assert len(count) == 1
    count.clear()
    init_cfg = dict(type='Pretrained', checkpoint=str(path), prefix=prefix)
    ConvNeXtV2(ARCH, final_norm=False, init_cfg=init_cfg).double().init_weights()
    assert len(count) == 1


@pytest.mark.parametrize('main', [True, False], ids=['the main process', 'another'])
def test_a_download_that_fails_is_told_in_every_process(main, tmp_path, monkeypatch):
    def fail(url):
        assert main, 'it fetches what the main process could not'
        raise CheckpointError(f"checkpoint '{url}' cannot be fetched.", reason='no network')

    def broadcast(objects):
        if main:
            sent.extend(objects)
        else:
            objects[:] = pickle.loads(pickle.dumps(sent))

    sent = [] if main else [CheckpointError("checkpoint 'http://a/b.pth' cannot be fetched.")]
    monkeypatch.setattr(loading, 'find_file', fail)
    monkeypatch.setattr(loading, 'is_main_process', lambda: main)
    monkeypatch.setattr(loading, 'broadcast_object_list', broadcast)
    with pytest.raises(CheckpointError, match="'http://a/b.pth' cannot be fetched"):
        loading.load_from_http('http://a/b.pth')
    assert isinstance(sent[0], CheckpointError), 'the others wait for ever'


def test_what_else_ends_a_download_keeps_no_process_waiting(monkeypatch):
    def interrupt(url):
        raise KeyboardInterrupt

    sent = []
    monkeypatch.setattr(loading, 'find_file', interrupt)
    monkeypatch.setattr(loading, 'broadcast_object_list', sent.extend)
    with pytest.raises(KeyboardInterrupt):
        loading.load_from_http('http://a/b.pth')
    assert isinstance(sent[0], CheckpointError)
