"""tools/benchmarks/gpu_table.py: every line of it runs here, but for the GPU itself."""

import json
import os
import re
import time
from contextlib import nullcontext
from itertools import count
from multiprocessing import get_context

import pytest
import torch
from gpu import kernels, proof, worker
from gpu.case import Case
from gpu.graph import build
from gpu.networks import groups, pretraining
from gpu.parts import PARTS, Part, choose
from gpu.report import Report
from gpu.row import Row
from gpu.schedule import follow
from gpu.setting import Setting
from gpu.static_step import StaticStep
from gpu.targets import TARGETS, Target, compare
from gpu.worker import Worker, look_at

from tests.support.closeness import assert_close
from tests.support.forkserver import METHOD, preload
from tests.support.in_process import refusal, run
from tests.support.waiting import PretendDevice

SCRIPT = 'benchmarks/gpu_table.py'
DRY = Setting(dry=True)
EACH = {part.function if 'right' not in part.name else part.name: part for part in PARTS}


@pytest.fixture(autouse=True)
def interprets():
    if os.environ.get('TRITON_INTERPRET') != '1':
        pytest.skip('Triton compiles for the GPU that is here')


@pytest.mark.parametrize('part', EACH.values(), ids=lambda part: part.name)
def test_each_part_runs_and_what_it_proves_holds(part):
    rows = [*look_at(part, DRY)]
    assert rows and not [row for row in rows if row.verdict in ('WRONG', 'FAILED')], rows
    assert part.name.startswith('right') == all(row.verdict == 'ok' for row in rows)
    measured = {name for row in rows for name in row.measures}
    assert measured <= {target.measure for target in TARGETS}


# Proofs ------------------------------------------------------------------------------------------


def test_every_operation_with_kernels_is_proved():
    assert {'depthwise_conv', 'grn'} <= {*kernels.list_kernels()}
    for name in kernels.list_kernels():
        assert any(part.name == f'right: {name}' for part in PARTS)
        assert callable(kernels.load(name).cases) and callable(kernels.load(name).operations)


def test_one_without_a_proof_is_a_failure_that_says_what_to_write():
    part = Part('right: sorting', 1, 'gpu.right:prove_kernels', ('sorting',))
    [row] = look_at(part, DRY)
    assert row.verdict == 'FAILED' and 'write kernels/sorting.py' in row.values['error']


def case(fast) -> Case:
    inputs = dict(x=torch.arange(1.0, 7).double(), scale=torch.ones(6).double())
    return Case('doubled', fast, lambda x, scale: 2 * x * scale, inputs)


class Forgets(torch.autograd.Function):
    """Computes right, and leaves one entry of a gradient unwritten."""

    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x, scale)
        return 2 * x * scale

    @staticmethod
    def backward(ctx, grad):
        x, scale = ctx.saved_tensors
        grad_x = torch.empty_like(x)
        grad_x[1:] = (2 * grad * scale)[1:]
        return grad_x, 2 * grad * x


def drifting(x, scale, seen=[]):  # noqa: B006  remembers on purpose
    seen.append(None)
    return 2 * x * scale * (1 + 1e-7 * len(seen))


@pytest.mark.parametrize(
    ('fast', 'of'),
    [
        (lambda x, scale: 2.001 * x * scale, 'output'),
        (Forgets.apply, 'gradient of x'),
        (lambda x, scale: 2 * x * scale.detach() + (scale - scale.detach()), 'gradient of scale'),
    ],
    ids=['inexact', 'unwritten', 'wrong gradient'],
)
def test_a_kernel_that_is_wrong_is_found(fast, of):
    row = proof.prove(case(fast), torch.float32)
    assert row.verdict == 'WRONG' and row.values['of'] == of


def test_one_that_gives_other_bits_each_time_is_wrong():
    row = proof.prove(case(drifting), torch.float32)
    assert row.verdict == 'WRONG' and row.values['bits'] == 'not the same twice'


def test_the_truth_is_that_of_rounded_inputs():
    row = proof.prove(case(lambda x, scale: (2 * x.float() * scale).to(x.dtype)), torch.bfloat16)
    assert row.verdict == 'ok' and row.values['dtype'] == 'bfloat16'


# The recorded step -------------------------------------------------------------------------------


def test_a_step_in_place_is_a_plain_one_under_any_mask():
    step, net = build(DRY, 'atto', 2), pretraining(DRY, 'atto', 'packed', 'torch')
    optimizer = torch.optim.AdamW(groups(net.parameters()), lr=1e-5, fused=True)
    for seed in (1, 2):
        visible = net.draw_mask(step.images)
        images = torch.randn(step.images.shape, generator=torch.Generator().manual_seed(seed))
        step.images.copy_(images)
        step.show(visible)
        step.run()
        optimizer.zero_grad()
        with torch.autocast('cpu', torch.bfloat16):
            loss = net(images, visible)
        loss.backward()
        optimizer.step()
        assert step.loss == loss
    for (name, one), other in zip(step.net.named_parameters(), net.parameters(), strict=True):
        assert_close(name, other, one, relative=1e-6)


def test_what_is_recorded_waits_for_nothing(monkeypatch):
    monkeypatch.setattr(Setting, 'device', torch.device('meta'))
    monkeypatch.setattr(torch, 'autocast', lambda *_, **__: nullcontext())  # which knows no meta
    device = PretendDevice()
    with device:
        net = pretraining(DRY, 'atto', 'packed', 'torch')
        optimizer = torch.optim.SGD(net.parameters(), lr=1e-5)
        step = StaticStep(DRY, net, optimizer, (1, 3, 16, 16))
        device.strict = True
        step.run()


# What is said ------------------------------------------------------------------------------------


def test_rows_are_printed_and_written_and_targets_judged(tmp_path):
    with pytest.raises(SystemExit) as ended:
        print(run(SCRIPT, '--dry', '--only', 'optimizer', '--out', tmp_path / 'table'))
    assert ended.value.code == 0
    page = (tmp_path / 'table/table.md').read_text()
    kept = json.loads((tmp_path / 'table/table.json').read_text())
    assert [*kept] == ['optimizer'] and len(kept['optimizer']) == 4
    assert '- AdamW on base' in page
    assert page.count('not measured') == len(TARGETS)


def test_what_went_wrong_and_what_was_left_out_is_named(tmp_path, capsys):
    report = Report(tmp_path / 'table')
    report.add('first', Row('a sum', dict(error=2e-7), 'ok'))
    report.add('first', Row('a product', dict(error=0.5), 'WRONG'))
    report.add('second', Row('second', dict(why='timm missing'), 'left out'))
    report.add('third', Row('ratio', measures={TARGETS[0].measure: 3.2}))
    said = report.summarize()
    assert 'WRONG: a product' in said and 'left out: second' in said
    assert '1 proofs hold, 1 rows are wrong or failed.' in said
    assert [row.what for row in report.bad] == ['a product']
    assert re.search(r' 3\.2 \| +met \|', said)
    assert said in (tmp_path / 'table/table.md').read_text()
    assert '  WRONG a product | error 0.5' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('found', 'verdict'), [(None, 'not measured'), (1.04, 'met'), (1.06, 'not met')]
)
def test_less_may_be_better(found, verdict):
    assert Target('time', 'time', 1.05, at_most=True).judge(found) == verdict


def test_each_target_has_a_line():
    assert compare({}).count('not measured') == len(TARGETS) == 10


# What is run -------------------------------------------------------------------------------------


def test_parts_are_listed_and_chosen_by_name():
    with pytest.raises(SystemExit):
        run(SCRIPT, '--list')
    assert [part.name for part in choose('right: net')] == ['right: networks']
    assert "no part's name has that in it" in refusal(SCRIPT, '--dry', '--only', 'speed')


def test_parts_that_cannot_be_looked_at_are_named_and_shorter_ones_follow(tmp_path):
    parts = [
        Part('first', 30, '', needs=('torch',)),
        Part('unknown', 1, '', needs=('torch', 'no_such_package')),
        Part('long', 40, ''),
        Part('short', 20, ''),
    ]
    report, now = Report(tmp_path / 'table'), [0.0]

    def rows(part, left):
        assert left >= part.seconds
        now[0] += part.seconds
        yield Row('done')

    follow(parts, report, rows, seconds=60, clock=lambda: now[0])
    found = {name: (row.verdict, row.values.get('why')) for name, [row] in report.parts.items()}
    assert found == {
        'first': ('', None),
        'unknown': ('left out', 'no_such_package missing'),
        'long': ('left out', '30 s are left, about 40 are needed'),
        'short': ('', None),
    }


def test_ten_minutes_hold_what_most_targets_are_about():
    """By the estimates, on an H100; the rest is left out by name."""
    left, looked_at = 600, []
    for part in PARTS:
        if part.seconds <= left:
            left -= part.seconds
            looked_at.append(part.name)
    for name in (
        'right: networks', 'pre-training base, compiled', 'through the runner', 'CUDA graph, atto',
        'dense training tiny', 'dense inference base, one image',
    ):  # fmt: skip
        assert name in looked_at


@pytest.mark.skipif(torch.cuda.is_available(), reason='it would measure for minutes')
def test_without_a_gpu_nothing_is_measured(tmp_path):
    assert '--dry runs every line' in refusal(SCRIPT, '--out', tmp_path / 'table')


def die(setting):
    yield Row('before')
    os._exit(7)


def hang(setting):
    yield Row('before')
    time.sleep(600)


def fail(setting):
    yield Row('before')
    raise ValueError('no such size')


def go_on(setting):
    yield Row('after')


@pytest.mark.parametrize(
    ('function', 'why'),
    [
        (fail, 'ValueError: no such size'),
        (die, 'its process ended with status 7'),
        (hang, 'not done after 300 s'),
    ],
)
def test_a_part_that_fails_ends_no_other(function, why, monkeypatch):
    preload()
    context = get_context(METHOD)
    monkeypatch.setattr(worker.multiprocessing, 'get_context', lambda _: context)
    parts = [Part(each.__name__, 1, f'{__name__}:{each.__name__}') for each in (function, go_on)]
    looking, now = Worker(dry=True), time.monotonic()
    try:
        rows = looking.rows(parts[0], 300)
        assert next(rows).what == 'before'
        with monkeypatch.context() as patched:
            if function is hang:
                later = count(now + 600)
                patched.setattr(worker.time, 'monotonic', lambda: next(later))
            [wrong] = rows
        assert wrong.verdict == 'FAILED' and wrong.values['error'] == why
        assert [row.what for row in looking.rows(parts[1], 300)] == ['after']
    finally:
        looking.close()
