# Pre-training on your own images, no labels needed:
#   python tools/train.py configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py \
#       --cfg-options data_root=path/to/images
_base_ = [
    '../_base_/models/fcmae_convnextv2.py',
    '../_base_/datasets/folder_fcmae.py',
    '../_base_/schedules/fcmae_100e.py',
    '../_base_/default_runtime.py',
]
