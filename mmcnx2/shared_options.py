"""Options that several tools share. Needs nothing but Python until an option is given."""

from argparse import Action, ArgumentError, ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

from mmcnx2 import arguments
from mmcnx2.paths import is_path_key, read_path_value


def add_common_arguments(parser: ArgumentParser) -> None:
    """Add the options that the toolboxes' users know from training and testing."""
    parser.add_argument(
        '--work-dir', type=arguments.location, help='folder of logs and checkpoints'
    )
    parser.add_argument(
        '--no-data-check',
        action='store_true',
        help='start without the look at all files of the data',
    )
    parser.add_argument(
        '--debug',
        action='store_true',
        help='show the whole traceback if a part of the config cannot be built',
    )
    add_config_options(parser)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    # torchrun sets LOCAL_RANK, older launchers pass one of these two.
    parser.add_argument('--local_rank', '--local-rank', type=arguments.whole(0, 1023), default=0)


def add_config_options(parser: ArgumentParser) -> None:
    """Add the option that changes values of the config."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        type=arguments.setting,
        action=StoreSettings,
        metavar='KEY=VALUE',
        help='values that replace those of the config, such as optim_wrapper.optimizer.lr=1e-4; '
        'data_root=PATH moves every data set of the config at once, num_classes=N is for all heads',
    )


def add_model_argument(parser: ArgumentParser) -> None:
    """Add ``--model NAME [BUILD] CHECKPOINT``, once for each model to compare, and ``--device``."""
    parser.add_argument(
        '--model',
        nargs='+',
        action='append',
        required=True,
        type=arguments.location,
        metavar=('NAME', '[CONFIG] CHECKPOINT'),
        help='a model, once for each: its name in the picture, and path or address of its weights, '
        "V1 or V2, pre-trained or supervised, this project's, official, timm's or others'. The "
        'size is read from the weights; a config (or the name of a size) before them is needed '
        'only where blocks or pixels are unusual',
    )
    add_device(parser)


def add_device(parser: ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument(
        '--device', type=arguments.device, help='such as cpu or cuda:0 (default: what there is)'
    )


class StoreSettings(Action):
    """Store ``KEY=VALUE`` settings as a dict from key to number, bool, None, text or list."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Sequence[str],
        option_string: str | None = None,
    ) -> None:
        """Add them to those that were given before."""
        try:
            given = read_settings(values)
        except ValueError as error:
            raise ArgumentError(self, str(error)) from None
        setattr(namespace, self.dest, {**(getattr(namespace, self.dest) or {}), **given})


def read_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE`` settings as mmengine's tools do, but leave the spaces of a text.

    A path is one text whatever is in it: see :func:`.paths.read_path_value`.

    Args:
        settings: Settings of the type :func:`.arguments.setting`.

    Raises:
        ValueError: Brackets that do not close each other.
    """
    from mmengine.config import DictAction

    found = {}
    for text in settings:
        key, _, value = text.partition('=')
        if is_path_key(key):
            found[key] = read_path_value(value)
            continue
        if not any(sign in value for sign in ',[('):
            found[key] = DictAction._parse_int_float_bool(value.strip('\'"'))
            continue
        try:
            found[key] = DictAction._parse_iterable(value)
        except (AssertionError, RecursionError):
            raise ValueError(
                f"'{text}' has brackets that do not close each other: write such as "
                "'KEY=[(a,b),(c,d)]'."
            ) from None
    return found
