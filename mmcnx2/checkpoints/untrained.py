"""Heads that no checkpoint and no training has reached do not predict.

mmengine loads what fits and logs the rest, so a detector with the weights of a pre-training run, or
a classifier of another number of classes, would be scored with random heads. Whoever loads weights,
a tool, a toolbox's inferencer or its ``init_model``, comes by ``load_state_dict``, which leaves a
guard here; it stands in the way of predictions alone, and until the first step of training.
"""

from collections.abc import Iterator, Mapping

from torch import nn

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.first_few import first_few


class UntrainedError(CheckpointError):
    """A model is to predict by weights that were drawn at random."""


class _Guard:
    """Lets none of some modules compute outside training.

    Args:
        missing: Names of the parameters that are random, of each module that is to be guarded.
        total: Number of parameters that a checkpoint should have had.
    """

    def __init__(self, missing: Mapping[nn.Module, list[str]], total: int):
        names = sorted(name for names in missing.values() for name in names)
        self.sentence = (
            f'the checkpoint has no fitting weights for {len(names)} of {total} parameters behind '
            f'the encoder ({first_few(names)}), so predictions would be random: give one that was '
            'trained with this model and this number of classes.'
        )
        self._handles = [module.register_forward_pre_hook(self._refuse) for module in missing]

    @property
    def stands(self) -> bool:
        """Whether no training has begun."""
        return bool(self._handles)

    def remove(self) -> None:
        """Let all of them compute."""
        while self._handles:
            self._handles.pop().remove()

    def _refuse(self, module: nn.Module, inputs: tuple) -> None:
        if module.training:
            self.remove()
        else:
            raise UntrainedError(self.sentence)


def check_trained(model: nn.Module) -> None:
    """Refuse a model whose predictions would be random, before it is used in another way.

    Args:
        model: Loaded by mmengine; others pass.

    Raises:
        UntrainedError: Weights behind its encoder are those that were drawn.
    """
    guard = getattr(model, '_untrained', None)
    if guard is not None and guard.stands:
        raise UntrainedError(guard.sentence)


class LoadedParameters:
    """Notes which parameters of a model are written to while it is loaded.

    Args:
        model: To be loaded.
        encoder: What the names of its encoder's parameters begin with: those are left out, since
            an encoder is itself where others begin.
    """

    def __init__(self, model: nn.Module, encoder: str):
        self._model, self._encoder = model, encoder
        self._before = dict(self._versions())

    def guard_others(self) -> None:
        """Guard the modules whose parameters were not written to, now or by an earlier loading."""
        model = self._model
        if (guard := getattr(model, '_untrained', None)) is not None:
            guard.remove()
        loaded = {name for name, version in self._versions() if version != self._before[name]}
        # A plain attribute: what is loaded belongs to this model, and is no weight of it.
        model._loaded_parameters = getattr(model, '_loaded_parameters', set()) | loaded
        modules, missing = dict(model.named_modules()), {}
        for name in self._before.keys() - model._loaded_parameters:
            owner = modules[name.rpartition('.')[0]]
            missing.setdefault(owner, []).append(name)
        model._untrained = _Guard(missing, len(self._before)) if missing else None

    def _versions(self) -> Iterator[tuple[str, int]]:
        """Yield each parameter's name and how often it was written to, as torch counts."""
        for name, parameter in self._model.named_parameters():
            if not name.startswith(self._encoder):
                yield name, parameter._version
