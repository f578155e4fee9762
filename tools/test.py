"""Test a classifier, detector or segmentor, as the config says."""

import argparse
import os

from mmcnx2 import arguments
from mmcnx2.outputs import check_file, claim_folder, new_file
from mmcnx2.processes.following import follow_starter
from mmcnx2.processes.threads import settle_threads
from mmcnx2.shared_options import add_common_arguments


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', type=arguments.location, help='path of the config')
    parser.add_argument(
        'checkpoint', type=arguments.location, help='path or address of the weights'
    )
    parser.add_argument(
        '--out',
        type=arguments.location,
        help='where to keep the predictions: a .pkl file, for mmseg a folder of .png',
    )
    parser.add_argument(
        '--show-dir', type=arguments.location, help='folder for pictures of the predictions'
    )
    parser.add_argument(
        '--quiet', action='store_true', help='print the scores alone; the log goes to its file'
    )
    parser.add_argument('--tta', action='store_true', help='average several views of each image')
    add_common_arguments(parser)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

import contextlib
import io
from collections.abc import Mapping

from mmengine.runner import Runner

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.compat import join_processes_without_gpu
from mmcnx2.engine.building import told_by_key
from mmcnx2.engine.cores import share_out_cores
from mmcnx2.engine.evaluation import (
    augment_at_test,
    dump_predictions,
    evaluate,
    keep_training_config,
    show_predictions,
    write_segmentations,
)
from mmcnx2.engine.fit_to_data import fit_to_data
from mmcnx2.engine.hooks.progress_hook import quiet
from mmcnx2.engine.launch import check_checkpoint, check_inputs, read_config
from mmcnx2.engine.sentences import told_in_a_sentence
from mmcnx2.engine.training import foreseen_ends
from mmcnx2.engine.work_dir import check_work_dir


def prepare(args: argparse.Namespace):
    """Return the config to run. See ``launch`` and ``augment_at_test`` for the errors."""
    cfg = read_config(args.config, options=args.cfg_options, work_dir=args.work_dir)
    if not cfg.get('test_dataloader') or not cfg.get('test_evaluator'):
        raise ValueError(
            f"'{args.config}' has no test_dataloader and test_evaluator: pre-training has no "
            'score, so test a model that was fine-tuned from it.'
        )
    keep_training_config(cfg)
    cfg.launcher = args.launcher
    cfg.load_from = args.checkpoint
    check_checkpoint(args.checkpoint)
    # The checkpoint brings all weights: those that training started from need not be there.
    cfg.model.backbone.pop('init_cfg', None)
    check_inputs(cfg, ('test_dataloader',))
    if told := fit_to_data(cfg, checkpoint=args.checkpoint):
        print(told)
    if args.tta and args.show_dir and cfg.default_scope == 'mmpretrain':
        raise ValueError('--show-dir cannot draw the several views of --tta: use one of them.')
    if args.tta:
        augment_at_test(cfg)
    if args.out and cfg.default_scope == 'mmseg':
        write_segmentations(cfg, claim_folder(args.out, 'test'))
    elif args.out and not args.out.endswith(('.pkl', '.pickle')):
        raise ValueError(f"--out is '{args.out}', but its name must end in .pkl or .pickle.")
    elif args.out:
        check_file(args.out)
    if args.show_dir:
        show_predictions(cfg, args.show_dir)
        # mmdet puts a relative folder below the run's own, which is always new.
        if cfg.default_scope != 'mmdet' or os.path.isabs(args.show_dir):
            claim_folder(args.show_dir, 'test')
    check_work_dir(cfg.work_dir)
    return cfg


@told_in_a_sentence
def main(args: argparse.Namespace) -> None:
    follow_starter()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    try:
        cfg = prepare(args)
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    join_processes_without_gpu(cfg)
    options = dict(given=args.cfg_options, debug=args.debug)
    cores = share_out_cores(cfg, given=args.cfg_options)
    with told_by_key(cfg, **options):
        runner = (quiet(Runner) if args.quiet else Runner).from_cfg(cfg)
    runner.logger.info(cores)
    look = not args.no_data_check
    with foreseen_ends(), told_by_key(cfg, **options, running=True, but=(CheckpointError,)):
        if not args.quiet:
            test(runner, args.out, look=look)
            return
        print(f"Testing '{args.checkpoint}' ...", flush=True)
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its tables
            scores = test(runner, args.out, look=look)
        say_scores(scores)


def test(runner: Runner, out: str | None, *, look: bool) -> Mapping[str, float]:
    """Test, and keep the predictions if that is asked for; return the scores."""
    if not out or runner.cfg.default_scope == 'mmseg':
        return evaluate(runner, look=look)
    with new_file(out) as draft:  # which the main process writes, and no other
        dump_predictions(runner, str(draft), scope=runner.cfg.default_scope)
        return evaluate(runner, look=look)


def say_scores(scores: Mapping[str, float]) -> None:
    """Print each score, without the metric's own name in front of it."""
    for name, value in scores.items():
        if isinstance(value, int | float):
            print(f'{name.rpartition("/")[2]}: {value:.4g}')


if __name__ == '__main__':
    main(ARGS)
