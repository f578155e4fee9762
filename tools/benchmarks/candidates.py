"""Names of what the benchmarks compare. Needs nothing but Python, as their --help does."""

LAYOUTS = ('masked', 'packed', 'minkowski', 'spark')
"""The method's own, and the encoder of mmpretrain's SparK (``peers.py``)."""
