# Pre-training on images in shards, see docs/data_path.md:
#   python tools/train.py configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_shards.py \
#       --cfg-options data_root=path/to/shards
_base_ = [
    '../_base_/models/fcmae_convnextv2.py',
    '../_base_/datasets/shards_fcmae.py',
    '../_base_/schedules/fcmae_100e.py',
    '../_base_/default_runtime.py',
]
