"""tools/model_converters/: convert, publish, the model zoo and its check."""

import json
import re
import runpy
import sys

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints import convert_state_dict, recognize
from mmcnx2.checkpoints.files import read_checkpoint, save_checkpoint
from mmcnx2.checkpoints.integrity import sha256_of
from mmcnx2.checkpoints.zoo import read_zoo
from tests.support.closeness import assert_close
from tests.support.command_line import ROOT, passed
from tests.support.file_server import served
from tests.support.forked_tool import tool
from tests.support.logits import fill, logits_of
from tests.support.official import OfficialConvNeXtV2
from tests.support.states import assert_same_state, make_state
from tests.support.toy import make_images, make_net


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a tool in this process; return what it printed, errors included."""

    def run(name: str, *arguments) -> str:
        monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
        try:
            runpy.run_path(str(ROOT / 'tools/model_converters' / name), run_name='__main__')
        except SystemExit as error:
            print(error)
        return capsys.readouterr().out

    return run


@pytest.fixture(scope='module')
def atto() -> dict:
    """Weights of the paper's smallest classifier, as the official code stores them."""
    with torch.device('meta'):
        official = OfficialConvNeXtV2(**ARCHS['atto'], num_classes=1000)
    return {name: tensor.float() for name, tensor in fill(official.state_dict()).items()}


def written(folder, ending: str):
    (path,) = folder.glob(f'*.{ending}')
    return path


def test_convert_says_what_it_read_and_names_the_file_by_its_hash(atto, tmp_path):
    torch.save({'model': atto}, tmp_path / 'convnextv2_atto_1k_224_ema.pt')
    command = ('convnextv2_atto_1k_224_ema.pt', 'out/atto.pth', '--resolution', 384)
    said = passed(tool('model_converters/convert.py', *command, cwd=tmp_path))
    assert '[1/3] reading convnextv2_atto_1k_224_ema.pt' in said
    assert '[2/3] converting official (dense) to mmcnx2' in said
    assert 'size         atto: encoder, head of 1000 classes; depths 2-2-6-2' in said
    assert 'parameters   3.71 M' in said
    assert 'cost         1.61 G multiply-adds at 384 px' in said  # 0.547 * (384 / 224) ** 2
    path = written(tmp_path / 'out', 'pth')
    assert path.stem == f'atto-{sha256_of(path)[:8]}'
    assert f'SHA-256      {sha256_of(path)}' in said
    checkpoint = read_checkpoint(path)
    assert checkpoint['meta']['converted_from'] == 'official'
    assert_same_state(convert_state_dict(atto), checkpoint['state_dict'])


def test_timm_reads_what_is_converted_for_it(atto, tmp_path, run):
    timm = pytest.importorskip('timm')
    save_checkpoint(atto, tmp_path / 'official.safetensors')
    run('convert.py', tmp_path / 'official.safetensors', tmp_path / 'timm.pth', '--to', 'timm')
    path = written(tmp_path, 'pth')
    theirs = timm.create_model('convnextv2_atto', checkpoint_path=str(path)).double().eval()
    images = make_images(1, 64, 64)
    expected = logits_of(
        convert_state_dict({k: v.double() for k, v in atto.items()}), images, 'atto'
    )
    with torch.no_grad():
        assert_close('logits', expected, theirs(images), relative=1e-9)


@pytest.mark.parametrize(
    ('to', 'wrapper'),
    [('official', 'model'), ('official_sparse', 'model'), ('mmpretrain', 'state_dict')],
)
def test_each_program_finds_the_weights_where_it_looks(to, wrapper, tmp_path, run):
    state = make_state()
    torch.save({'state_dict': state}, tmp_path / 'in.pth')
    run('convert.py', tmp_path / 'in.pth', tmp_path / 'out.pt', '--to', to, '--keep-name')
    weights = torch.load(tmp_path / 'out.pt', weights_only=True)[wrapper]
    prefix = 'backbone.' if to == 'mmpretrain' else None
    assert_same_state(convert_state_dict(state, to=to, encoder_prefix=prefix), weights)


def test_hugging_face_finds_a_configuration_beside_the_weights(tmp_path, run):
    torch.save(make_state('norm', 'head'), tmp_path / 'in.pth')
    output = tmp_path / 'model' / 'model.safetensors'
    run('convert.py', tmp_path / 'in.pth', output, '--to', 'hf', '--keep-name')
    config = json.loads((output.parent / 'config.json').read_text())
    assert config['architectures'] == ['ConvNextV2ForImageClassification']
    assert (config['depths'], config['hidden_sizes']) == ([1, 2, 1, 1], [8, 12, 16, 24])
    assert config['layer_norm_eps'] == 1e-6 and len(config['id2label']) == 5
    assert recognize(read_checkpoint(output)).dialect.name == 'hf'
    processor = json.loads((output.parent / 'preprocessor_config.json').read_text())
    assert processor['image_processor_type'] == 'ConvNextImageProcessor'
    assert processor['image_mean'] == pytest.approx([0.485, 0.456, 0.406])
    assert processor['image_std'] == pytest.approx([0.229, 0.224, 0.225])
    assert processor['size'] == {'shortest_edge': 224} and processor['crop_pct'] == 0.875


def test_hugging_face_finds_the_backbone_of_a_detector(tmp_path, run):
    maps = make_net(out_indices=(1, 3), final_norm=True).state_dict()
    neck = {'neck.lateral_convs.0.conv.weight': torch.ones(1)}
    state = {f'backbone.{name}': tensor for name, tensor in maps.items()} | neck
    torch.save({'state_dict': state}, tmp_path / 'in.pth')
    output = tmp_path / 'model' / 'model.safetensors'
    options = ('--to', 'hf', '--keep-name', '--drop-extra')
    run('convert.py', tmp_path / 'in.pth', output, *options)
    config = json.loads((output.parent / 'config.json').read_text())
    assert config['architectures'] == ['ConvNextV2Backbone']
    assert config['out_features'] == ['stage2', 'stage4']
    assert 'hidden_states_norms.stage2.weight' in read_checkpoint(output)


@pytest.mark.parametrize(
    ('preprocessor', 'channels', 'mean'),
    [
        ('mean=[51.0, 102.0, 204.0], std=[51.0, 51.0, 51.0], to_rgb=True', 3, [0.2, 0.4, 0.8]),
        ('mean=[51.0, 102.0, 204.0], std=[51.0, 51.0, 51.0], to_rgb=False', 3, None),
        ('mean=[51.0], std=[51.0], to_rgb=True', 1, [0.2]),
        ('pad_size_divisor=32', 1, None),
    ],
    ids=['its own', 'BGR', 'gray', 'not known'],
)
def test_hugging_face_normalizes_as_the_run_did(preprocessor, channels, mean, tmp_path, run):
    meta = dict(cfg=f"model = dict(type='A', data_preprocessor=dict({preprocessor}))")
    state = make_state('norm', in_channels=channels)
    torch.save({'state_dict': state, 'meta': meta}, tmp_path / 'in.pth')
    output = tmp_path / 'model' / 'model.safetensors'
    said = run('convert.py', tmp_path / 'in.pth', output, '--to', 'hf', '--keep-name')
    processor = output.with_name('preprocessor_config.json')
    assert processor.exists() == (mean is not None)
    assert ('images       no preprocessor_config.json' in said) == (mean is None)
    if mean:
        assert json.loads(processor.read_text())['image_mean'] == pytest.approx(mean)


def test_the_arguments_reach_the_converter(tmp_path, run):
    state = make_state('norm', 'head')
    torch.save({'model': state, 'model_ema': state}, tmp_path / 'in.pth')
    options = ('--num-classes', 7, '--in-channels', 4, '--stem', 'sum', '--stem-patch-size', 2)
    options += ('--ema', '--drop-extra', '--keep-name', '--to', 'official')
    said = run('convert.py', tmp_path / 'in.pth', tmp_path / 'out.pth', *options)
    assert 'head of 7 classes' in said
    model = torch.load(tmp_path / 'out.pth', weights_only=True)['model']
    assert tuple(model['downsample_layers.0.0.weight'].shape) == (8, 4, 2, 2)
    assert tuple(model['head.weight'].shape) == (7, 24)


@pytest.mark.parametrize(
    ('content', 'options', 'message'),
    [
        (None, (), "error: checkpoint '.*in.pth' does not exist"),
        ({'a': torch.ones(1)}, (), 'error: no known dialect of ConvNeXt V2 has keys such as a'),
        (make_state('decoder'), ('--to', 'timm'), r'error: timm has no place for .*--drop-extra'),
        (make_state(), ('--resolution', 20), 'error: images of 20x20 px are smaller than'),
        ({'model': make_state(), 'model_ema': make_state()}, (), r'error: .*\(--ema, --no-ema\)'),
    ],
    ids=['no file', 'another model', 'no place', 'resolution', 'two sets of weights'],
)
def test_convert_refuses_in_one_sentence_and_writes_nothing(
    content, options, message, tmp_path, run
):
    if content is not None:
        torch.save(content, tmp_path / 'in.pth')
    said = run('convert.py', tmp_path / 'in.pth', tmp_path / 'out.pth', *options)
    assert re.search(message, said), said
    assert not list(tmp_path.glob('out*'))


def test_publish_keeps_weights_and_meta_data_alone(tmp_path, run):
    state = make_state('norm', 'head')
    trained = {
        'state_dict': state,
        'meta': {'epoch': 3, 'dataset_meta': {'classes': ['a', 'b']}},
        'optimizer': {'state': {0: {'exp_avg': torch.ones(1000)}}},
        'param_schedulers': [],
        'ema_state_dict': {'steps': torch.tensor(3)}
        | {f'module.{name}': tensor + 1 for name, tensor in state.items()},
    }
    torch.save(trained, tmp_path / 'epoch_3.pth')
    said = run('publish_model.py', tmp_path / 'epoch_3.pth', tmp_path / 'model.pth')
    assert 'left out optimizer, param_schedulers, ema_state_dict' in said
    (path,) = tmp_path.glob('model-*.pth')
    assert path.stem == f'model-{sha256_of(path)[:8]}'
    published = read_checkpoint(path)
    assert published.keys() == {'state_dict', 'meta'}
    assert published['meta'] == trained['meta']
    assert_same_state(state, published['state_dict'])

    run('publish_model.py', tmp_path / 'epoch_3.pth', tmp_path / 'plain.safetensors', '--no-ema')
    plain = read_checkpoint(written(tmp_path, 'safetensors'))
    assert_same_state({name: tensor + 1 for name, tensor in state.items()}, plain)


@pytest.mark.parametrize('tool', ['convert.py', 'publish_model.py'])
@pytest.mark.parametrize('options', [(), ('--keep-name',)], ids=['hash', 'same name'])
def test_a_checkpoint_is_not_written_over_itself(tool, options, tmp_path, run):
    options = options if tool == 'convert.py' else ()
    path = tmp_path / 'epoch_800.pth'
    torch.save(dict(state_dict=make_state(), optimizer={}), path)
    before = path.read_bytes()
    assert 'error: ' in (said := run(tool, path, path, *options))
    assert 'is read and written at once: give the result another name' in said
    assert [file.name for file in tmp_path.iterdir()] == ['epoch_800.pth']
    assert path.read_bytes() == before


def test_converting_over_other_files_keeps_them(tmp_path, run):
    torch.save(make_state('norm', 'head'), tmp_path / 'in.pth')
    folder = tmp_path / 'model'
    folder.mkdir()
    for name in ('model.safetensors', 'config.json'):
        (folder / name).write_text('mine')
    output = folder / 'model.safetensors'
    run('convert.py', tmp_path / 'in.pth', output, '--to', 'hf', '--keep-name')
    assert (folder / 'model.old-1.safetensors').read_text() == 'mine'
    assert (folder / 'config.old-1.json').read_text() == 'mine'
    assert json.loads((folder / 'config.json').read_text())['depths'] == [1, 2, 1, 1]


def test_a_head_is_left_out_by_name(tmp_path, run):
    torch.save(make_state('norm', 'head'), tmp_path / 'in.pth')
    run('convert.py', tmp_path / 'in.pth', tmp_path / 'out.pth', '--no-head', '--keep-name')
    assert not [key for key in read_checkpoint(tmp_path / 'out.pth')['state_dict'] if 'head' in key]


def test_make_model_zoo_writes_the_page(tmp_path, run):
    run('make_model_zoo.py', '--out', tmp_path / 'zoo.md')
    assert (tmp_path / 'zoo.md').read_text() == (ROOT / 'docs/model_zoo.md').read_text()


@pytest.fixture
def address(tmp_path):
    (tmp_path / 'published').mkdir()
    with served(tmp_path / 'published') as address:
        yield address


@pytest.fixture
def zoo(atto, tmp_path, address):
    """A metafile of two of the listed models, with files in the format of the official ones.

    Every image belongs to class 7, says the classifier.
    """
    encoder = {k: v for k, v in atto.items() if not k.startswith(('norm', 'head'))}
    encoder = {k: v.flatten()[None] if 'grn' in k else v for k, v in encoder.items()}
    head = {'head.weight': torch.zeros(1000, 320), 'head.bias': torch.eye(1000)[7]}
    names = ['fcmae_convnextv2-atto_3rdparty_in1k', 'convnextv2-atto_fcmae-pre_3rdparty_in1k']
    entries = []
    for name, weights in zip(names, (encoder, atto | head), strict=True):
        (listed,) = (model for model in read_zoo(ROOT / 'model-index.yml') if model.name == name)
        path = tmp_path / 'published' / listed.weights.rsplit('/', 1)[1]
        save_checkpoint({'model': weights}, path)
        results = [{'Metrics': {'Top 1 Accuracy': 66.7}}] if listed.top1 else None
        metadata = {'Training Data': 'ImageNet-1k', 'Resolution': 224, 'FLOPs': listed.flops}
        entries.append(
            {
                'Name': name,
                'In Collection': listed.collection,
                'Metadata': {**metadata, 'Parameters': listed.parameters},
                'Results': results,
                'Config': listed.config,
                'Weights': f'{address}/{path.name}',
                'License': listed.license,
            }
        )
    return entries


def verify(run, folder, entries: list, *options) -> str:
    (folder / 'metafile.yml').write_text(yaml.safe_dump({'Models': entries}))
    arguments = (folder / 'metafile.yml', '--cache', folder / 'cache', *options)
    return run('verify_zoo.py', *arguments)


def test_verify_zoo_holds_every_file_against_its_config(zoo, tmp_path, run):
    said = verify(run, tmp_path, zoo)
    assert '[1/2] fcmae_convnextv2-atto_3rdparty_in1k' in said
    assert 'official (dense): encoder, head of 1000 classes; depths 2-2-6-2' in said
    (fetched,) = (tmp_path / 'cache').glob('*/convnextv2_atto_1k_224_ema.pt')
    assert f'SHA-256 {sha256_of(fetched)}' in said
    assert '2 of 2 models are as listed' in said
    said = verify(run, tmp_path, zoo, '--models', 'convnextv2-*')
    assert '1 of 1 models are as listed' in said


def test_verify_zoo_holds_a_copy_against_the_authors_file(zoo, tmp_path, run):
    folder = tmp_path / 'published'
    weights = read_checkpoint(folder / zoo[0]['Weights'].rpartition('/')[2])['model']
    converted = convert_state_dict(weights)
    save_checkpoint(converted, folder / 'same.pth')
    name = 'stages.3.1.pointwise_conv2.bias'
    save_checkpoint(converted | {name: converted[name] + 1}, folder / 'other.pth')
    zoo[0]['Copy'] = zoo[0]['Weights'].rpartition('/')[0] + '/same.pth'
    assert '1 of 1 models are as listed' in verify(run, tmp_path, zoo[:1])
    zoo[0]['Copy'] = zoo[0]['Copy'].replace('same', 'other')
    assert f'WRONG: the copy has another backbone.{name}' in verify(run, tmp_path, zoo[:1])


def test_verify_zoo_says_what_is_wrong(zoo, tmp_path, run):
    zoo[0]['Config'] = zoo[0]['Config'].replace('atto', 'femto')
    zoo[1]['Metadata']['Parameters'] = 1
    said = verify(run, tmp_path, zoo)
    stem = 'backbone.downsample_layers.0.0.weight is (40, 3, 4, 4), needs (48, 3, 4, 4)'
    assert f'WRONG: {stem}' in said
    assert 'WRONG: 3708400 parameters instead of the 1 listed' in said
    assert '0 of 2 models are as listed' in said
    zoo[0]['Weights'] += '.nowhere'
    assert 'cannot be fetched (HTTP Error 404' in verify(run, tmp_path, zoo, '--models', 'fcmae*')
    assert "has a name like 'resnet*'" in verify(run, tmp_path, zoo, '--models', 'resnet*')


def test_verify_zoo_reproduces_the_accuracy_where_imagenet_is(zoo, tmp_path, run):
    (tmp_path / 'imagenet' / 'val').mkdir(parents=True)
    (tmp_path / 'imagenet' / 'meta').mkdir()
    labels = {'one.png': 7, 'two.png': 7, 'three.png': 8}
    for name in labels:
        pixels = np.random.default_rng(0).integers(0, 256, (300, 260, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / 'imagenet' / 'val' / name)
    lines = ''.join(f'{name} {label}\n' for name, label in labels.items())
    (tmp_path / 'imagenet' / 'meta' / 'val.txt').write_text(lines)
    options = ('--data-root', tmp_path / 'imagenet', '--models', 'convnextv2-*')
    said = verify(run, tmp_path, zoo, *options)
    assert 'top-1 66.67 %, listed 66.7 %' in said
    assert '1 of 1 models are as listed' in said
    zoo[1]['Results'][0]['Metrics']['Top 1 Accuracy'] = 67.0
    assert 'WRONG: top-1 is 66.67 % instead of 67.0 %' in verify(run, tmp_path, zoo, *options)
