# ImageNet-22K, which the toolboxes call 21K: data/imagenet21k/train holds a folder for each class.
# It has no validation images of its own.
_base_ = './imagenet_cls.py'

data_root = 'data/imagenet21k'
train_dataloader = dict(batch_size=64, dataset=dict(type='ImageNet21k', data_root=data_root))
val_dataloader = None
test_dataloader = None
val_evaluator = None
test_evaluator = None
