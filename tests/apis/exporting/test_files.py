"""Programs in files beside their originals, at sizes that tracing did not see."""

import json

import pytest
import torch
from mmengine.model import ImgDataPreprocessor
from torch import nn

from mmcnx2.apis.exporting.comparison import SIZES, compare
from mmcnx2.apis.exporting.files import check_opset, open_onnx, save_program, trace
from mmcnx2.apis.exporting.program import Program


def assert_alike(program: Program, exported) -> None:
    compared = list(compare(program, exported))
    assert len(compared) == len(SIZES)
    for size, deviations in compared:
        for deviation in deviations:
            assert not deviation.too_large, (size, deviation)


class Tiny(Program):
    """A step of its own in the place of a network."""

    kind, outputs = 'tiny', ('values',)

    def __init__(self, step: nn.Module):
        model = nn.Module()
        model.data_preprocessor = ImgDataPreprocessor()
        super().__init__(model, step, torch.float32)

    def forward(self, images):
        return (self.network(self.pixels(images)),)

    def original(self, images):
        return dict(values=self.network(self.pixels(images)))


class Step(nn.Module):
    def forward(self, x):
        return x.flip(1) / 2


def test_a_program_as_onnx_and_as_torch_export(tmp_path):
    pytest.importorskip('onnxruntime')
    import onnxruntime

    program = Tiny(Step())
    traced = trace(program)
    for ending in ('.pt2', '.onnx'):
        exported = save_program(program, traced, tmp_path / f'net{ending}', facts=dict(kind='it'))
        assert_alike(program, exported)
    session = onnxruntime.InferenceSession(tmp_path / 'net.onnx')
    assert json.loads(session.get_modelmeta().custom_metadata_map['mmcnx2']) == dict(kind='it')
    extra = dict(mmcnx2='')
    torch.export.load(tmp_path / 'net.pt2', extra_files=extra)
    assert json.loads(extra['mmcnx2']) == dict(kind='it')


def test_a_classifier_as_onnx(exported):
    pytest.importorskip('onnxruntime')
    program, _, run = exported('classifier', '.onnx')
    assert_alike(program, run)


@pytest.mark.slow
@pytest.mark.parametrize(
    ('kind', 'precision'),
    # Features in float32 are what test_a_classifier_as_onnx has. Objects of random weights have no
    # clear scores, which half precision puts in another order.
    [('detector', 'fp32'), ('rtmdet_ins', 'fp32'), ('segmentor', 'fp32'),
     ('reconstruction', 'fp32'), ('features', 'fp16')],
)  # fmt: skip
def test_every_kind_in_both_formats(kind, precision, exported):
    pytest.importorskip('onnxruntime')
    for ending in ('.onnx', '.pt2'):
        program, _, run = exported(kind, ending, precision)
        assert_alike(program, run)


def test_a_file_in_the_way_is_kept_and_a_broken_write_leaves_nothing(tmp_path, monkeypatch):
    program = Tiny(Step())
    traced = trace(program)
    (tmp_path / 'net.pt2').write_text('published last year')

    def break_off(program, path, **options):
        path.write_text('half')
        raise OSError('disk full')

    with monkeypatch.context() as patched:
        patched.setattr(torch.export, 'save', break_off)
        with pytest.raises(OSError, match='disk full'):
            save_program(program, traced, tmp_path / 'net.pt2')
    assert [path.name for path in tmp_path.iterdir()] == ['net.pt2']
    save_program(program, traced, tmp_path / 'net.pt2')
    assert (tmp_path / 'net.old-1.pt2').read_text() == 'published last year'


def test_other_endings_and_opsets_are_refused(tmp_path):
    pytest.importorskip('onnxruntime')
    program = Tiny(Step())
    traced = trace(program)
    with pytest.raises(ValueError, match=r"net\.pth' must end in \.pt2 or \.onnx"):
        save_program(program, traced, tmp_path / 'net.pth')
    with pytest.raises(ValueError, match='opset=11 is none .* need 18 or newer'):
        save_program(program, traced, tmp_path / 'net.onnx', opset=11)
    with pytest.raises(ValueError, match='opset=99 is none .* the installed onnx ends at'):
        check_opset(99)
    assert not list(tmp_path.iterdir())


@torch.library.custom_op('mmcnx2_tests::own', mutates_args=())
def own(x: torch.Tensor) -> torch.Tensor:
    return x.clone()


@own.register_fake
def _(x):
    return torch.empty_like(x)


class Own(nn.Module):
    def forward(self, x):
        return own(x)


def test_an_operator_that_onnx_lacks_is_named(tmp_path):
    pytest.importorskip('onnxruntime')
    program = Tiny(Own())
    sentence = r"ONNX \(opset 18\) has no operator for 'mmcnx2_tests.own.*': export to \.pt2"
    with pytest.raises(ValueError, match=sentence):
        save_program(program, trace(program), tmp_path / 'net.onnx')


class DecidesByValues(nn.Module):
    def forward(self, x):
        return x if x.sum().item() > 0 else -x


def test_what_cannot_be_traced_is_a_sentence():
    with pytest.raises(ValueError, match=r'^DecidesByValues cannot be traced \(.*part=features\.$'):
        trace(Tiny(DecidesByValues()))


def test_what_onnxruntime_does_not_run_is_a_sentence(tmp_path):
    pytest.importorskip('onnxruntime')
    (tmp_path / 'net.onnx').write_bytes(b'no model')
    with pytest.raises(ValueError, match=r"does not run '.*net\.onnx' \("):
        open_onnx(tmp_path / 'net.onnx')
