"""Where features live: the only code that knows a mask exists."""

from mmcnx2.checks import check_choice
from mmcnx2.nn.layouts.base import Layout
from mmcnx2.nn.layouts.dense import DenseLayout
from mmcnx2.nn.layouts.masked import MaskedLayout
from mmcnx2.nn.layouts.packed import PackedLayout

__all__ = ['DenseLayout', 'Layout', 'MaskedLayout', 'PackedLayout', 'get_layout']

_LAYOUTS = {'dense': DenseLayout, 'masked': MaskedLayout, 'packed': PackedLayout}


def get_layout(name: str) -> type[Layout]:
    """Return the layout class called ``name``.

    Args:
        name: 'dense', 'masked', 'packed', or 'minkowski' where MinkowskiEngine is installed.

    Raises:
        ValueError: No such layout.
        ImportError: 'minkowski' without MinkowskiEngine.
    """
    if name == 'minkowski':
        # Imported on demand: MinkowskiEngine is an optional back end that needs a compiler.
        from mmcnx2.nn.layouts.minkowski import MinkowskiLayout

        return MinkowskiLayout
    check_choice([*_LAYOUTS, 'minkowski'], layout=name)
    return _LAYOUTS[name]
