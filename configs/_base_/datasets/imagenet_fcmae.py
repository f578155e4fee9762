# Training images of ImageNet-1K, 64 on each of 64 GPUs. The labels are read and not used.
data_root = 'data/imagenet'

# The crop is that of torchvision, bicubic, and images stay uint8 until the data preprocessor
# normalizes them on the device.
train_pipeline = [
    dict(type='mmcnx2.LoadEncodedImage'),
    dict(
        type='mmcnx2.DecodeRandomResizedCrop',
        scale=224,
        crop_ratio_range=(0.2, 1.0),
        flip_prob=0.5,  # in the official code, not in the paper's text
    ),
    dict(type='PackInputs'),
]

train_dataloader = dict(
    batch_size=64,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(type='ImageNet', data_root=data_root, split='train', pipeline=train_pipeline),
)
