"""mmpretrain fails to import beside ``transformers >= 4.56``.

Upstream: transformers 4.56 stopped exporting ``apply_chunking_to_forward`` from
``transformers.modeling_utils`` (modelscope/evalscope#864 met the same), where mmpretrain 1.2.0's
BLIP takes it from as soon as transformers is installed.

Can go when a newer mmpretrain imports it from ``transformers.pytorch_utils``.
"""

from collections.abc import Iterator

from mmcnx2.compat.facts import Facts
from mmcnx2.compat.problem import Problem


def check(facts: Facts) -> Iterator[Problem]:
    """Find a transformers that mmpretrain cannot be imported beside."""
    version = facts.version('transformers')
    if 'mmpretrain' in facts.distributions and version is not None and version >= (4, 56):
        yield Problem(
            f'transformers {facts.distributions["transformers"]} is installed, and mmpretrain '
            'fails to import beside transformers >= 4.56; nothing here needs it.',
            'pip uninstall -y transformers',
        )
