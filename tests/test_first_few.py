"""Many names in a sentence."""

from mmcnx2.first_few import first_few


def test_names_the_first_and_counts_the_others():
    assert first_few(['a', 'b', 'c', 'd', 'e']) == 'a, b, c and 2 more'
    assert first_few(['a', 'b', 'c']) == 'a, b, c'
    assert first_few([3, 4, 5], 1) == '3 and 2 more'
