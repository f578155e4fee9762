"""The arms of a comparison: ways to begin, by name, their weights held by a digest."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmcnx2.apis.calls import CallError
from mmcnx2.apis.weights import find_weights
from mmcnx2.checkpoints.integrity import sha256_of

SCRATCH = 'scratch'
"""The arm that starts from weights that its seed draws."""
_ENDING = re.compile(r'\.(pth|pt|bin|safetensors)$')


@dataclass(frozen=True)
class Arm:
    """One way to begin.

    Attributes:
        name: In tables, and in names of folders.
        given: What a person called it; a path is whole.
        path: File of its weights, None for weights that are drawn.
        digest: SHA-256 of that file, '' without one.
    """

    name: str
    given: str
    path: str | None = None
    digest: str = ''


def name_arms(words: Sequence[str]) -> dict[str, str]:
    """Return a short name for each arm: that of its folder or file, or all of its path.

    Raises:
        CallError: There are fewer than two, or two cannot be told apart.
    """
    if len(words) < 2:
        raise CallError(
            'arms', f'is {words[0]} alone: give two to compare, such as {SCRATCH} and a run.'
        )
    short = [_plain(os.path.basename(os.path.abspath(word))) for word in words]
    names = [
        one if short.count(one) == 1 else _plain(word)
        for one, word in zip(short, words, strict=True)
    ]
    if len(set(names)) < len(names):
        raise CallError('arms', f'has one of {", ".join(words)} twice: give each of them once.')
    return dict(zip(names, words, strict=True))


def common_backbone(arms: Sequence[Arm]) -> dict[str, Any] | None:
    """Return the arguments of the network that all weights are of, None where none are given.

    Raises:
        CallError: They are of different networks.
    """
    found = {arm.name: find_weights(arm.path).backbone for arm in arms if arm.path}
    for each in found.values():
        each.pop('in_channels', None)  # those of the images, which weights are adapted to
    (first, backbone), *others = found.items() or [(None, None)]
    for name, other in others:
        if other != backbone:
            raise CallError(
                'arms',
                f'has {first} of {_size(backbone)} and {name} of {_size(other)}: compare weights '
                'of one network, or the sizes would be compared instead.',
            )
    return backbone


def _size(backbone: Mapping[str, Any]) -> str:
    return ', '.join(f'{name}={value}' for name, value in backbone.items())


def _plain(word: str) -> str:
    return re.sub(r'[^\w.+-]+', '-', _ENDING.sub('', word)).strip('.-') or 'arm'


def find_arm(name: str, word: str, before: Mapping[str, Any] | None) -> Arm:
    """Find the weights of an arm.

    Args:
        name: Its name.
        word: What a person calls it.
        before: What it was when the comparison began, as a mapping; None if it is new.

    Raises:
        OSError: They are not there.
        ValueError: They are no weights of a ConvNeXt, or others than before.
    """
    if word == SCRATCH:
        return Arm(name, word)
    given = os.path.abspath(word) if os.path.exists(word) else word
    if before is None:
        path = os.path.abspath(find_weights(word).path)
        return Arm(name, given, path, sha256_of(path))
    arm = Arm(**before)
    if arm.given != given:
        raise CallError(
            'arms', f'has {name}, which was {arm.given} and is now {given}: give another --out.'
        )
    if not os.path.isfile(arm.path) or sha256_of(arm.path) != arm.digest:
        raise CallError(
            'arms',
            f"has {name}, whose weights '{arm.path}' are not there as they were when the "
            'comparison began: give another --out.',
        )
    return arm
