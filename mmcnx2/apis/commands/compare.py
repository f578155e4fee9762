"""Whether pre-training helps, with the labels that there are."""

import shlex
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from mmcnx2 import arguments
from mmcnx2.apis.calls import CallError, call, read_mapping
from mmcnx2.apis.devices import use
from mmcnx2.archs import ARCHS

_OF_TRAINING = ('epochs', 'lr', 'precision')


@call
def compare(
    images: Annotated[str, arguments.location],
    *,
    arms: Annotated[list[str], arguments.location],
    out: Annotated[str, arguments.location],
    labels: Annotated[list[float], arguments.percent] = ('1%', '10%', '100%'),
    seeds: Annotated[int, arguments.whole(1, 1000)] = 3,
    task: Literal['finetune', 'probe', 'detect', 'segment'] = 'finetune',
    val: Annotated[str | None, arguments.location] = None,
    model: Literal[tuple(ARCHS)] | None = None,
    size: Annotated[int | None, arguments.pixels] = None,
    batch_size: Annotated[int | None, arguments.batch] = None,
    epochs: Annotated[int | None, arguments.epochs] = None,
    lr: Annotated[float | None, arguments.positive] = None,
    workers: Annotated[int | None, arguments.loading_processes] = None,
    device: Annotated[str | None, arguments.device] = None,
    precision: Literal['fp32', 'bf16', 'fp16'] | None = None,
    set: list[str] | Mapping[str, Any] | None = None,
) -> dict[tuple[str, float, int], float]:
    """Compare ways to begin at equal budget: how much does pre-training give with these labels?

    For example: mmcnx2 compare labelled/ --arms scratch runs/pre --labels 10% 100% --out cmp

    Args:
        images: The data, as the command of the task takes them.
        arms: What to compare: scratch, and weights as `--from` takes them. The others are compared
            with the first.
        out: Folder of the comparison: runs, table, plot and page. The same call goes on there.
        labels: Shares of the training images, drawn by the seed, of each class; the same for all
            arms. Default 1% 10% 100%.
        seeds: How often to repeat all of it: 0, 1, ... draw labels and training. Default 3.
        task: finetune; probe, which trains a linear classifier on frozen features within seconds;
            detect; or segment. Default finetune.
        val: Images to score with, as the command of the task takes them.
        model: Size of the network where all arms begin from scratch. Default that of the weights.
        size: Side of the images, in pixels. Default as in the task's command.
        batch_size: Images a step. Default as in the task's command.
        epochs: Passes over the labels in use. Default as in the task's command, by their number.
        lr: Peak of the learning rate, for all arms. Default as in the task's command.
        workers: Processes that load images. Default what the cores leave.
        device: cpu, cuda or cuda:1. Default a GPU if there is one.
        precision: fp32, bf16 or fp16. Default bf16 on a GPU and fp32 on a CPU.
        set: Any other keys of the config and their values, for all arms.

    Returns:
        Score in percent by arm, share of the labels and seed.

    Raises:
        OSError: Data or weights are not there, or ``out`` holds something else.
        ValueError: Arms that cannot be compared, or a value that does not fit.
        SystemExit: A part failed, after all others were done; or it was told to stop.
    """
    given = dict(
        val=val, model=model, size=size, batch_size=batch_size, epochs=epochs, lr=lr,
        workers=workers, device=device, precision=precision,
    )  # fmt: skip
    if task == 'probe' and (named := [name for name in _OF_TRAINING if given[name] is not None]):
        raise CallError(named[0], f'is {given[named[0]]}, but a probe trains no network: omit it.')
    use(device)
    from mmcnx2.analysis.label_efficiency import Scores, tabulate, write_page
    from mmcnx2.apis.comparing import Comparison
    from mmcnx2.apis.training_options import TrainingOptions

    del given['val']
    options = TrainingOptions(out=out, set=set, **given)
    shares = sorted({*labels})
    comparison = Comparison(images, task, shares, seeds, val, options)
    found = comparison.find_arms(arms)
    trials = comparison.plan(found)
    scores = Scores(
        metric=comparison.metric(trials[0]),
        arms=[arm.name for arm in found],
        shares=shares,
    )
    words = ['mmcnx2', 'compare', images]
    words += _as_words(
        dict(given, arms=arms, labels=[f'{100 * share:.6g}%' for share in shares], seeds=seeds),
    )
    words += _as_words(dict(task=task, val=val, out=out))
    words += [word for pair in read_mapping('set', set).items() for word in _setting(*pair)]
    about, failed, page = dict(comparison.describe(trials)), [], ''
    for number, trial in enumerate(trials, start=1):
        before = ' (done before)' if comparison.runner.is_done(trial.part) else ''
        print(f'[{number}/{len(trials)}] {trial.title}{before}', flush=True)
        try:
            score = comparison.score(trial)
        except RuntimeError as error:
            print(f'It failed; the others go on: {error}', flush=True)
            failed.append(trial.title)
            continue
        scores.found[trial.arm.name, trial.share, trial.seed] = score
        print(f'      {scores.metric} {score:.2f} %', flush=True)
        page = write_page(out, scores, total=len(trials), facts=about, command=shlex.join(words))
    if scores.found:
        print('', tabulate(scores), '', *scores.sentences(), f'Wrote {page}', sep='\n', flush=True)
    if failed:
        raise SystemExit(f'error: {len(failed)} of {len(trials)} parts failed: {failed[0]} first.')
    return scores.found


def _as_words(given: Mapping[str, Any]) -> list[str]:
    return [
        word
        for name, value in given.items()
        if value is not None
        for word in (
            f'--{name.replace("_", "-")}',
            *map(str, value if isinstance(value, list) else [value]),
        )
    ]


def _setting(key: str, value: object) -> tuple[str, str]:
    return '--set', f'{key}={value}'
