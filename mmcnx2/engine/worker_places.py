"""Which sample each loading process is at."""

from torch.utils.data import DataLoader


def places_of_workers(loader: DataLoader) -> dict[int, str]:
    """Say which sample each loading process is at, or was at last.

    Args:
        loader: The training data's.

    Returns:
        Process id to, for example, "worker 0 at 'images/5.jpg'"; empty if it loads in other ways.
    """
    reading = getattr(getattr(loader.dataset, '__getitems__', None), 'reading', ())
    return {
        int(pid): f'worker {worker} at {_name(loader, int(index))}'
        for worker, (pid, index) in enumerate(reading)
        if index >= 0
    }


def _name(loader: DataLoader, index: int) -> str:
    try:
        return f"'{loader.dataset.get_data_info(index)['img_path']}'"
    except (AttributeError, KeyError, TypeError):
        return f'sample {index}'
