"""The same command again: it goes on, says what it changes, or refuses by name."""

import pytest

from mmcnx2.apis.changes import compare

WAS = dict(images='a', epochs=100, lr=1e-3, mask_ratio=0.6, set={'a.b': 1})


def test_what_is_left_out_stays():
    assert compare(WAS, dict(images='a')) == {}
    assert compare(WAS, WAS) == {}


@pytest.mark.parametrize('change', [dict(epochs=200), dict(workers=3), dict(device='cpu')])
def test_what_changes_no_step_may_change(change):
    assert compare(WAS, change) == change


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (dict(epochs=50), r'^epochs was 100 and cannot become fewer \(50\): use --overwrite'),
        (dict(lr=1e-2), '^lr was 0.001 and is now 0.01: use --overwrite to begin anew, or another'),
        (dict(images='b', lr=1.0), '^images was a and is now b; lr was 0.001 and is now 1.0: use'),
        (dict(model='nano'), '^model was None and is now nano'),
        (dict(set={'a.b': 2, 'c': 1}), '^a.b was 1 and is now 2; c was None and is now 1: use'),
    ],
)
def test_what_makes_another_run_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        compare(WAS, change)
