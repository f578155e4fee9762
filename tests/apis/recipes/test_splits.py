"""A share of the images is kept apart: of every class, the same each time, never all."""

import pytest

from mmcnx2.apis.calls import CallError
from mmcnx2.apis.recipes.splits import SHARE, draw, read_share, split

ITEMS = [f'{name}/{i}' for name in 'abc' for i in range(10)]
GROUPS = [item[0] for item in ITEMS]


def test_the_share_is_drawn_of_each_group():
    train, kept = split(ITEMS, 0.2, seed=0, groups=GROUPS)
    assert sorted([*train, *kept]) == sorted(ITEMS)
    assert {name: sum(item[0] == name for item in kept) for name in 'abc'} == dict(a=2, b=2, c=2)


def test_it_follows_from_the_seed_and_the_names_alone():
    first = split(ITEMS, 0.2, seed=0, groups=GROUPS)
    pairs = list(zip(ITEMS, GROUPS, strict=True))[::-1]
    again = split([item for item, _ in pairs], 0.2, seed=0, groups=[group for _, group in pairs])
    assert again == first
    assert split(ITEMS, 0.2, seed=1, groups=GROUPS) != first


def test_one_is_kept_apart_of_few_and_one_is_left():
    assert [len(part) for part in split(['a', 'b'], 0.01, seed=0)] == [1, 1]
    assert [len(part) for part in split(['a', 'b'], 0.99, seed=0)] == [1, 1]
    assert split(['a'], 0.5, seed=0) == (['a'], [])


def test_val_is_a_share_or_a_folder():
    assert read_share(None) == SHARE
    assert read_share('0.1') == 0.1
    assert read_share('other/folder') is None
    for wrong in ('0', '1', '1.5', '-0.1', 'nan'):
        with pytest.raises(CallError, match=f'val is {wrong}, but a folder, or a share between'):
            read_share(wrong)


def test_a_smaller_share_is_drawn_from_a_larger_one():
    shares = [draw(ITEMS, share, seed=3, groups=GROUPS) for share in (0.01, 0.3, 0.5, 1)]
    assert [len(each) for each in shares] == [3, 9, 15, 30]
    for fewer, more in zip(shares, shares[1:], strict=False):
        assert {*fewer} < {*more}
