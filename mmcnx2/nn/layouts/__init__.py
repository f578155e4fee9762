"""Where features live: the only code that knows a mask exists."""

from mmcnx2.nn.layouts.base import Layout
from mmcnx2.nn.layouts.dense import DenseLayout
from mmcnx2.nn.layouts.masked import MaskedLayout
from mmcnx2.nn.layouts.packed import PackedLayout

__all__ = ['DenseLayout', 'Layout', 'MaskedLayout', 'PackedLayout', 'get_layout']

_LAYOUTS = {'dense': DenseLayout, 'masked': MaskedLayout, 'packed': PackedLayout}


def get_layout(name: str, ops: str = 'torch') -> type[Layout]:
    """Return the layout class called ``name``.

    Args:
        name: 'dense', 'masked', 'packed', or 'minkowski' where MinkowskiEngine is installed.
        ops: 'torch', 'triton' for the dense and the packed one with Triton's kernels, or 'numba'
            for the packed one with Numba's. The others have one way to compute.

    Raises:
        ValueError: No such layout.
        ImportError: 'minkowski' without MinkowskiEngine.
    """
    if name == 'minkowski':
        # Imported on demand: MinkowskiEngine is an optional back end that needs a compiler.
        from mmcnx2.nn.layouts.minkowski import MinkowskiLayout

        return MinkowskiLayout
    if ops == 'triton' and name in ('dense', 'packed'):
        from mmcnx2.nn.layouts.triton import TritonDenseLayout, TritonPackedLayout

        return {'dense': TritonDenseLayout, 'packed': TritonPackedLayout}[name]
    if ops == 'numba' and name == 'packed':
        from mmcnx2.nn.layouts.numba import NumbaPackedLayout

        return NumbaPackedLayout
    if name not in _LAYOUTS:
        known = ', '.join([*_LAYOUTS, 'minkowski'])
        raise ValueError(f'layout={name!r} is unknown: use one of {known}.')
    return _LAYOUTS[name]
