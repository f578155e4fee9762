"""Two lists of classes by which a label would mean two things are refused."""

import pytest

from mmcnx2.datasets.classes import check_classes

NAMES = ('val data', 'training data')


def test_the_same_names_in_the_same_order_pass():
    check_classes(['ash', 'oak'], ('ash', 'oak'), names=NAMES)
    check_classes(None, (), names=NAMES)


@pytest.mark.parametrize(
    ('ours', 'sentence'),
    [
        (
            ('ash', 'elm', 'oak'),
            'val data have 3 classes, training data 3, and one side alone has elm, yew: give both',
        ),
        (('ash', 'oak'), 'val data have 2 classes, training data 3, and one side alone has yew'),
        (('ash', 'yew', 'oak'), r'in another order \(label 1 is yew and oak\): give both'),
    ],
)
def test_others_are_refused_in_a_sentence(ours, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_classes(ours, ('ash', 'oak', 'yew'), names=NAMES)
