_base_ = './fcmae_800e.py'

max_epochs = 1600
train_cfg = dict(max_epochs=max_epochs)
