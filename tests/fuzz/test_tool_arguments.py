"""Every argument of every tool has a rule: what breaks it ends in one sentence and status 2."""

import argparse
import math
import re
from collections.abc import Callable

import pytest

from tests.support.command_line import TOOLS
from tests.support.tool_parsers import parser_of


def whole(low: int, high: int, *also: int) -> Callable[[str], bool]:
    return lambda text: (
        re.fullmatch(r'-?\d{1,20}', text) is not None
        and (low <= int(text) <= high or int(text) in also)
    )


def number(test: Callable[[float], bool]) -> Callable[[str], bool]:
    return lambda text: (
        text.strip('-').lower()[:1].isdigit()
        and re.fullmatch(r'[-+.\de]+', text) is not None
        and math.isfinite(float(text))
        and test(float(text))
    )


def path(text: str) -> bool:
    fits = len(text) < 4096 and all(len(name) < 256 for name in text.split('/'))
    return fits and text.strip() != '' and '\0' not in text


def ending(*endings: str) -> Callable[[str], bool]:
    return lambda text: path(text) and text.endswith(endings) and not text.startswith('.')


def anything(text: str) -> bool:
    return True


def word(text: str) -> bool:
    return text.strip() != '' and text.isprintable() and len(text) < 4096


def setting(text: str) -> bool:
    key, sign, _ = text.partition('=')
    return sign == '=' and all(key.split('.'))


def device(text: str) -> bool:
    return text in ('cpu', 'cuda:0')


def shown(text: str) -> bool:
    numbers = text.split(',')
    return len(numbers) in (1, 3) and all(map(whole(1, 64), numbers))


def large(text: str) -> bool:
    return text == '14M' or number(lambda v: 1 <= v <= 10**13)(text)


def rate(text: str) -> bool:
    return text == 'base=5000'


COUNT, IMAGES, PIXELS = whole(1, 10**9), whole(1, 10**6), whole(1, 2**15)
MANY, PROCESSES, SEED = whole(1, 10**6), whole(1, 1024), whole(0, 2**32 - 1)
POSITIVE = number(lambda v: 0 < v <= 1e15)
INSIDE = number(lambda v: 0 < v < 1)
PICTURE = ending('.png', '.jpg', '.pdf')
WEIGHTS = ending('.pth', '.safetensors')
CFG = dict(config=path, cfg_options=setting)
RUN = CFG | dict(work_dir=path, local_rank=whole(0, 1023))
MODELS = dict(model=path, device=device, size=PIXELS, out=PICTURE)
RULES = {
    'ablate.py': dict(
        tables=word, work_dir=path, data_root=path, seeds=whole(1, 1000), gpus=PROCESSES,
        cfg_options=setting, pretraining_epochs=MANY, finetuning_epochs=MANY, unlabelled=IMAGES,
        train=whole(10, 10**6), val=whole(10, 10**6), jobs=PROCESSES,
    ),
    'analysis_tools/activation_maps.py': MODELS
    | dict(image=path, stage=whole(1, 4), block=whole(1, 1000, -1), channels=whole(0, 10**6)),
    'analysis_tools/analyze_logs.py': dict(work_dirs=path, keys=word, legend=word, out=PICTURE),
    'analysis_tools/browse_dataset.py': CFG | dict(output_dir=path, number=COUNT),
    'analysis_tools/class_selectivity.py': MODELS
    | dict(data=path, num_images=COUNT, seed=SEED, batch_size=MANY),
    'analysis_tools/feature_diversity.py': MODELS
    | dict(images=path, num_images=COUNT, seed=SEED, batch_size=MANY),
    'analysis_tools/get_flops.py': CFG | dict(shape=PIXELS),
    'analysis_tools/get_memory.py': dict(configs=path, shape=PIXELS, cfg_options=setting),
    'analysis_tools/knn.py': CFG | dict(checkpoint=path, k=COUNT, temperature=POSITIVE),
    'analysis_tools/plan.py': dict(
        gpus=MANY, images=large, epochs=MANY, batch_per_gpu=MANY, size=PIXELS, throughput=POSITIVE,
        price=number(lambda v: 0 <= v <= 1e15), efficiency=number(lambda v: 0 < v <= 1),
        network=POSITIVE, image_kb=POSITIVE, images_per_core=POSITIVE,
    ),
    'analysis_tools/sweep.py': CFG
    | dict(sweep=setting, metric=word, work_dir=path, gpus=PROCESSES),
    'analysis_tools/vis_predictions.py': CFG
    | dict(
        checkpoint=path, images=path, out_dir=path, device=device,
        score_thr=number(lambda v: 0 <= v <= 1), show=shown,
    ),
    'benchmarks/data_path.py': dict(images=whole(1, 10**5), rounds=MANY, seed=SEED, rate=rate),
    'benchmarks/dense_step.py': dict(batch_size=MANY, size=PIXELS, rounds=MANY),
    'benchmarks/fcmae_profile.py': dict(
        batch_size=MANY, size=PIXELS, mask_ratio=INSIDE, steps=MANY
    ),
    'benchmarks/fcmae_step.py': dict(batch_size=MANY, size=PIXELS, mask_ratio=INSIDE, rounds=MANY),
    'benchmarks/detectors.py': dict(
        checkpoint=path, data_root=path, out=path, minutes=POSITIVE, rounds=MANY
    ),
    'benchmarks/export_accuracy.py': dict(files=path, data=path),
    'benchmarks/export_latency.py': dict(
        models=path, size=whole(64, 4096), photos=path, rounds=whole(1, 1000)
    ),
    'benchmarks/gpu_table.py': dict(rounds=MANY, minutes=POSITIVE, only=anything, out=path),
    'benchmarks/list_files.py': dict(images=IMAGES, folder=path),
    'benchmarks/neighbor.py': dict(
        batch_size=MANY, size=PIXELS, cores=PROCESSES, rounds=MANY
    ),
    'benchmarks/near_duplicates.py': dict(
        weights=path, pictures=COUNT, planted=COUNT, side=PIXELS, seed=SEED
    ),
    'benchmarks/save_step.py': dict(batch_size=MANY, size=PIXELS, folder=path, rounds=MANY),
    'benchmarks/train_step.py': dict(batch_size=MANY, size=PIXELS, beside=path, rounds=MANY),
    'dataset_tools/make_scenes.py': dict(
        out=path, unlabelled=whole(0, 10**6), train=IMAGES, val=IMAGES, size=whole(32, 4096),
        classes=whole(2, 10), seed=SEED, workers=PROCESSES,
    ),
    'dataset_tools/make_shards.py': dict(
        source=path, out=path, index=path, verify=path, images_per_shard=COUNT, seed=SEED,
        quality=whole(1, 100), short_side=PIXELS, workers=PROCESSES,
    ),
    'demo.py': dict(work_dir=path, data_root=path, seeds=whole(1, 1000)),
    'deployment/export.py': CFG
    | dict(checkpoint=path, out=ending('.onnx', '.pt2'), photos=path, opset=whole(1, 99)),
    'model_converters/convert.py': dict(
        input=path, output=WEIGHTS, num_classes=MANY, in_channels=whole(1, 10**4),
        stem_patch_size=whole(1, 1024), resolution=PIXELS,
    ),
    'model_converters/make_model_zoo.py': dict(index=path, out=ending('.md')),
    'model_converters/publish_model.py': dict(in_file=path, out_file=WEIGHTS),
    'model_converters/verify_zoo.py': dict(
        index=path, models=word, cache=path, data_root=path,
        tolerance=number(lambda v: 0 <= v <= 100),
    ),
    'test.py': RUN | dict(checkpoint=path, out=path, show_dir=path),
    'torchrun.py': dict(),  # it hands them on
    'train.py': RUN | dict(resume=path),
    'visualization/reconstruct.py': CFG
    | dict(
        checkpoint=path, images=path, mask_ratio=INSIDE, seed=SEED, size=PIXELS, batch_size=MANY,
        device=device, out=PICTURE, show=shown,
    ),
}  # fmt: skip
"""What is right for each argument that is no choice of names."""

VALUES = (
    '', ' ', '\0', 'a\nb', 'nonsense', 'None', 'nan', 'inf', '-inf', '1e400', '1e30', '-1e30',
    '-1', '-2', '0', '1', '2', '7', '10', '64', '0.5', '1.5', '-0.5', '1e-3', '1000000000000',
    '9' * 400, '9' * 5000, '14M', '-5M', 'cpu', 'cuda:0', 'cuda:', 'banana:0', 'a=1', 'a.b=[1,2]',
    'a=1,2', 'a=', '=1', 'a', '.a=1', 'a..b=1', 'base=5000', 'base=-1', 'base=nan', 'huge', 'x=1=',
    'out.png', 'out.jpg', 'out.pdf', 'out.txt', 'out.pth', 'out.safetensors', 'out.onnx', 'out.md',
    '.png', 'x' * 300, 'x/' * 3000,
)  # fmt: skip


def valued(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the arguments that take a value which is no choice of names."""
    return [a for a in parser._actions if a.nargs != 0 and a.choices is None]


def words(parser: argparse.ArgumentParser, action: argparse.Action, value: str) -> list[str]:
    """Return a command line that is right but for one value."""
    options = [word for other in parser._actions if other is not action for word in needed(other)]
    places = [
        value if other is action else fitting(other)
        for other in parser._actions
        if not other.option_strings and (other is action or other.nargs not in ('?', '*'))
    ]
    if isinstance(action.nargs, int):
        options += [action.option_strings[-1], *[value] * action.nargs]
    elif action.option_strings:
        options.append(f'{action.option_strings[-1]}={value}')
    return [*options, '--', *places] if places else options


def needed(action: argparse.Action) -> list[str]:
    return [f'{action.option_strings[0]}={fitting(action)}'] if must(action) else []


def must(action: argparse.Action) -> bool:
    return bool(action.option_strings) and action.required


def fitting(action: argparse.Action) -> str:
    """Return any value that an argument takes."""
    for value in action.choices or ('1', 'a=1', 'out.pth', 'out.onnx'):
        try:
            action.type(value) if action.type else None
        except argparse.ArgumentTypeError:
            continue
        return str(value)
    raise AssertionError(f'{action.dest} takes none of the values')


def test_there_are_tools():
    assert len(TOOLS) > 15


@pytest.mark.parametrize('name', TOOLS)
def test_every_argument_has_a_rule_and_help_is_there(name):
    parser = parser_of(name)
    assert parser.description and 'usage' in parser.format_help()
    assert {action.dest for action in valued(parser)} == RULES[name].keys()


@pytest.mark.parametrize('name', TOOLS)
def test_what_breaks_a_rule_ends_in_a_sentence_and_nothing_else_does(name, capsys):
    parser = parser_of(name)
    for action in valued(parser):
        named = '/'.join(action.option_strings) or action.metavar or action.dest
        accepted = 0
        for value in VALUES:
            line = words(parser, action, value)
            if RULES[name][action.dest](value):
                parser.parse_args(line)
                accepted += 1
                continue
            with pytest.raises(SystemExit) as refusal:
                parser.parse_args(line)
            assert refusal.value.code == 2
            *_, last = capsys.readouterr().err.strip().splitlines()
            assert f'error: argument {named}: ' in last, (line, last)
            assert 'expected' in last and last.endswith(('.', 'arguments')), last
            assert len(last) < 300, 'a huge value is not repeated in full'
        assert accepted, f'{action.dest} takes nothing'


@pytest.mark.parametrize(
    ('name', 'option'),
    [
        ('model_converters/convert.py', '--num-classes=0'),
        ('model_converters/convert.py', '--resolution=-1'),
        ('analysis_tools/get_flops.py', '--shape=-1'),
        ('analysis_tools/get_flops.py', f'--shape={10**12}'),
        ('ablate.py', '--seeds=-1'),
        ('ablate.py', '--seeds=0'),
        ('ablate.py', '--gpus=0'),
        ('ablate.py', '--pretraining-epochs=0'),
        ('ablate.py', '--train=0'),
        ('dataset_tools/make_scenes.py', f'--unlabelled={10**12}'),
        ('dataset_tools/make_scenes.py', '--train=0'),
        ('train.py', '--local-rank=-1'),
        ('visualization/reconstruct.py', '--batch-size=-1'),
    ],
)
def test_values_that_once_went_through_are_refused(name, option, capsys):
    parser = parser_of(name)
    (action,) = (a for a in valued(parser) if option.partition('=')[0] in a.option_strings)
    with pytest.raises(SystemExit) as refusal:
        parser.parse_args(words(parser, action, option.partition('=')[2]))
    assert refusal.value.code == 2
    assert re.search(r'whole number from \d+ to \d+.* is expected\.$', capsys.readouterr().err)
