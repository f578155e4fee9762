"""The smallest data set; importing it is cheap, which loading processes that are spawned do."""

import time

from torch.utils.data import Dataset


class Numbers(Dataset):
    """Numbers, of which one may take for ever to load."""

    def __init__(self, count: int = 8, stuck_at: int | None = None):
        self.count, self.stuck_at = count, stuck_at

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        while index == self.stuck_at:
            time.sleep(60)
        return index
