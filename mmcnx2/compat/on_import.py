"""Do something as soon as a package is imported, whoever imports it and whenever.

The method works without OpenMMLab, so ``import mmcnx2`` neither imports mmengine nor mends
anything; but a config's ``custom_imports`` says ``mmcnx2`` and nothing more, and by then the mends
and the registries must be there, also where the method was imported long before.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


def call_after_import(name: str, action: Callable[[], None]) -> None:
    """Call a function once, right after a module has been imported; at once if it has been.

    Asked again before that, nothing changes.

    Args:
        name: Name of the module, such as ``'mmengine'``; nothing happens where it is not installed.
        action: Called without arguments, at the end of the ``import`` statement.
    """
    if sys.modules.get(name) is not None:
        action()
    elif not any(
        isinstance(finder, _Watcher) and (finder.name, finder.action) == (name, action)
        for finder in sys.meta_path
    ):
        sys.meta_path.insert(0, _Watcher(name, action))


class _Watcher(MetaPathFinder):
    """Lets the others find the module, and stands behind whoever loads it."""

    def __init__(self, name: str, action: Callable[[], None]):
        self.name = name
        self.action = action

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.name or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)  # once is enough, and the others are asked through it
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _LoaderWithAction(spec.loader, self.action)
        return spec


class _LoaderWithAction(Loader):
    """A loader and what is called behind it."""

    def __init__(self, loader: Loader, action: Callable[[], None]):
        self.loader = loader
        self.action = action

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # The module keeps the loader that it would have had: tools read sources through it.
        module.__loader__ = module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        self.action()
