"""Pre-training in torch alone, as somebody without OpenMMLab would write it.

Run as a script: it prints the losses, and saves the encoder in timm's names to the path given.
"""

import sys

import torch

from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.nn import FCMAE, ConvNeXtV2

ARCH = {'depths': (1, 1), 'channels': (8, 12)}
CHANNELS = 5
STEPS = 3
SEED = 7


def pre_train() -> tuple[FCMAE, list[float]]:
    """Train a few steps on random images; returns the model and its losses."""
    torch.manual_seed(SEED)
    model = FCMAE(ARCH, in_channels=CHANNELS, embed_dims=8, stem_patch_size=4)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(STEPS):
        loss = model(torch.randn(2, CHANNELS, 32, 24))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return model, losses


if __name__ == '__main__':
    assert 'torch._dynamo' not in sys.modules, 'importing the method imported the compiler'
    model, losses = pre_train()
    net = ConvNeXtV2(ARCH, in_channels=CHANNELS, final_norm=False)
    net.load_state_dict(model.backbone.state_dict())
    assert net(torch.randn(1, CHANNELS, 33, 20))[0].shape == (1, 12, 4, 2)
    torch.save(model.state_dict(), sys.argv[1])
    torch.save(convert_state_dict(net.state_dict(), to='timm'), sys.argv[2])
    print(*losses)
    strangers = {name.partition('.')[0] for name in sys.modules} & {
        'mmengine', 'mmcv', 'mmdet', 'mmseg', 'mmpretrain', 'timm', 'cv2', 'PIL', 'torchvision',
    }  # fmt: skip
    assert not strangers, strangers
