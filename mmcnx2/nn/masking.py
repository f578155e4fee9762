"""Which patches the encoder sees. Plain objects with no model in sight."""

import torch
from torch import Tensor

from mmcnx2.checks import check_types


@torch._disable_dynamo  # as torch.compiler.disable, which would import the compiler at once
def indices_of(mask: Tensor, device: torch.device) -> Tensor:
    """Return which entries of a mask are True, in its order.

    A mask made on the CPU costs a GPU no synchronization: only the numbers travel.

    Args:
        mask: Bool, any shape, on any device.
        device: Where the numbers are wanted.

    Returns:
        Int64 ``(K,)``, over the flattened mask.
    """
    return hand_over(mask.cpu().flatten().nonzero().flatten(), device)


def hand_over(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a small tensor on a device; a host that has it waits for none of the device's work."""
    if tensor.device.type == 'cpu' and device.type == 'cuda':
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


class RandomMasking:
    """Show the same number of patches in every image, drawn uniformly (paper section 3).

    ``floor(L * (1 - ratio))`` of L patches stay visible: 19 of 49 at 224 px and ratio 0.6.

    Args:
        ratio: Share of hidden patches, between 0 and 1, ends excluded.
        seed: Seed of this object's own generator, which makes the sequence of masks repeatable;
            None
            draws from torch's global CPU generator, which mmengine seeds.

    Raises:
        ValueError: ``ratio`` out of range.
    """

    @check_types
    def __init__(self, ratio: float = 0.6, *, seed: int | None = None):
        if not 0 < ratio < 1:
            raise ValueError(f'mask ratio={ratio} must lie between 0 and 1, ends excluded.')
        self.ratio = ratio
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def num_visible(self, num_patches: int) -> int:
        """Return how many of ``num_patches`` patches stay visible.

        Raises:
            ValueError: None would.
        """
        # 10 * (1 - 0.9) is 0.99...98 in floating point; the patch must not be lost to that.
        count = int(num_patches * (1 - self.ratio) + 1e-6)
        if count == 0:
            raise ValueError(
                f'mask ratio={self.ratio} keeps none of {num_patches} patches: '
                'lower it or use larger images.'
            )
        return count

    @torch._disable_dynamo  # drawn on the CPU, whatever a compiler makes of the network
    def __call__(self, n: int, h: int, w: int) -> Tensor:
        """Draw masks.

        Args:
            n: Images.
            h: Patches down.
            w: Patches across.

        Returns:
            Bool ``(n, h, w)`` on the CPU, True where the encoder may look.
        """
        noise = torch.rand(n, h * w, generator=self.generator)
        chosen = noise.argsort(1)[:, : self.num_visible(h * w)]
        visible = torch.zeros(n, h * w, dtype=torch.bool)
        return visible.scatter_(1, chosen, True).view(n, h, w)
