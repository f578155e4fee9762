"""Numbers of a network's features stand beside those of random weights, stage by stage."""

import pytest
import torch

from mmcnx2.analysis.report.features import features_section, measure_quality, untrained_like
from mmcnx2.nn import ConvNeXtV2
from tests.support.toy import ARCH


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(6, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_alike_features_have_one_direction(images):
    net = ConvNeXtV2(ARCH, final_norm=False).eval()
    same = measure_quality(net, [images[:1].expand(6, -1, -1, -1)])
    assert same.ranks == pytest.approx([1] * 4, abs=1e-3)
    various = measure_quality(net, [images[:3], images[3:]])
    assert all(1 < rank <= most for rank, most in zip(various.ranks, various.most, strict=True))
    assert various.most == [6, 6, 6, 6] and len(various.diversity) == 4


def test_random_weights_are_of_the_same_size_and_always_the_same(images):
    net = ConvNeXtV2(ARCH, final_norm=False, use_grn=False)
    state = torch.random.get_rng_state()
    one, other = untrained_like(net), untrained_like(net)
    assert torch.equal(state, torch.random.get_rng_state())
    assert one.state_dict().keys() == net.state_dict().keys()
    assert all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))


def test_the_rank_is_drawn_over_several_checkpoints(images):
    net = ConvNeXtV2(ARCH, final_norm=False).eval()
    quality = measure_quality(net, [images])
    single = features_section({'epoch_1': quality}, quality, pictures=6)
    several = features_section({'epoch_1': quality, 'epoch_2': quality}, quality, pictures=6)
    assert not single.pictures and len(several.pictures) == 1
    assert len(single.table) == 5 and single.table[1][0] == '1'
