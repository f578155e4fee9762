"""Which weights of a checkpoint are taken, and when one has to say."""

import pytest

from mmcnx2.checkpoints.unwrap import unwrap

WEIGHTS, AVERAGE = {'w': 1}, {'w': 2}


@pytest.mark.parametrize(
    'checkpoint',
    [
        WEIGHTS,
        {'model': WEIGHTS, 'optimizer': {}, 'args': None},
        {'state_dict': WEIGHTS},
        {'state_dict': {'model': WEIGHTS}},
        {'model_ema': WEIGHTS},
    ],
    ids=['itself', 'model', 'state_dict', 'nested', 'average alone'],
)
def test_the_only_weights_are_taken(checkpoint):
    assert unwrap(checkpoint) == WEIGHTS


@pytest.mark.parametrize('names', [('model', 'model_ema'), ('state_dict', 'state_dict_ema')])
def test_between_weights_and_their_average_one_has_to_choose(names):
    checkpoint = dict(zip(names, (WEIGHTS, AVERAGE), strict=True))
    with pytest.raises(ValueError, match=rf'{names[0]}.*moving average \({names[1]}\).*ema=True'):
        unwrap(checkpoint)
    assert unwrap(checkpoint, ema=False) == WEIGHTS
    assert unwrap(checkpoint, ema=True) == AVERAGE


def test_of_mmengines_two_the_average_is_state_dict_as_its_hook_swaps_them():
    checkpoint = {'state_dict': AVERAGE, 'ema_state_dict': WEIGHTS}
    assert unwrap(checkpoint) == unwrap(checkpoint, ema=True) == AVERAGE
    assert unwrap(checkpoint, ema=False) == WEIGHTS


def test_an_average_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match='ema=True, but no averaged weights are among w'):
        unwrap(WEIGHTS, ema=True)
    with pytest.raises(ValueError, match='ema=True asks for averaged weights, .* has model'):
        unwrap({'model': WEIGHTS}, ema=True)


def test_two_sets_of_weights_are_refused():
    with pytest.raises(ValueError, match='plain weights, but the checkpoint has state_dict, model'):
        unwrap({'model': WEIGHTS, 'state_dict': WEIGHTS})
