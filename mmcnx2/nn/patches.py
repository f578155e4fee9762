"""Between images and patches: whole squares of pixels, in row-major order."""

from torch import Tensor


def patchify(images: Tensor, patch_size: int) -> Tensor:
    """Cut images into rows of patches.

    Args:
        images: ``(N, C, H, W)``; the patch divides H and W.
        patch_size: p, in pixels.

    Returns:
        ``(N, h * w, p * p * C)``; the last axis runs over row, column, channel of a patch.
    """
    p = patch_size
    patches = images.unflatten(3, (-1, p)).unflatten(2, (-1, p))
    return patches.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


def patches_at(images: Tensor, patch_size: int, chosen: Tensor) -> Tensor:
    """Cut some patches out of images, as rows of :func:`patchify`, without touching the others.

    Args:
        images: ``(N, C, H, W)``; the patch divides H and W.
        patch_size: p, in pixels.
        chosen: Int64 ``(K,)``, numbers of patches over ``N * h * w``.

    Returns:
        ``(K, p * p * C)``.
    """
    p = patch_size
    patches = images.unflatten(3, (-1, p)).unflatten(2, (-1, p)).permute(0, 2, 4, 3, 5, 1)
    h, w = patches.shape[1:3]
    image, place = chosen.div(h * w, rounding_mode='floor'), chosen % (h * w)
    return patches[image, place.div(w, rounding_mode='floor'), place % w].flatten(1)


def rows_at(rows: Tensor, chosen: Tensor | None) -> Tensor:
    """Return some patches' rows.

    Args:
        rows: ``(N, h * w, C)`` or ``(N, h, w, C)``.
        chosen: Int64 ``(K,)``, numbers of patches over ``N * h * w``; None leaves the rows.

    Returns:
        ``(K, C)``.
    """
    return rows if chosen is None else rows.flatten(0, -2).index_select(0, chosen)


def unpatchify(rows: Tensor, grid: tuple[int, int], patch_size: int) -> Tensor:
    """Undo :func:`patchify`.

    Args:
        rows: ``(N, h * w, p * p * C)``.
        grid: ``(h, w)``, patches down and across.
        patch_size: p, in pixels.

    Returns:
        ``(N, C, h * p, w * p)``.
    """
    p = patch_size
    patches = rows.unflatten(2, (p, p, -1)).unflatten(1, grid)
    return patches.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)


def upsample(visible: Tensor, factor: int) -> Tensor:
    """Repeat each patch's flag over the sites, or pixels, of the patch.

    Args:
        visible: ``(N, h, w)``, bool, True where the encoder may look, or anything a patch.
        factor: Sites along one side of a patch.

    Returns:
        ``(N, h * factor, w * factor)``.
    """
    return visible.repeat_interleave(factor, 1).repeat_interleave(factor, 2)
