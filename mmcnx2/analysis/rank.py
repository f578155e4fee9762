"""How many directions features use: RankMe."""

import numpy as np
from scipy.stats import entropy


def rankme(vectors: np.ndarray) -> float:
    """Return the effective rank of features: the exponential of the entropy of singular values.

    RankMe (Garrido et al., ICML 2023, equation 3), without its epsilon, which only keeps a
    logarithm of zero away. 1 where all features point the same way, min(n, C) where they use all
    directions alike.

    Args:
        vectors: ``(n, C)``, of n pictures.
    """
    values = np.linalg.svd(vectors.astype(np.float64), compute_uv=False)
    return float(np.exp(entropy(values)))
