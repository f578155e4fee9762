_base_ = './seg_runtime.py'

default_hooks = dict(checkpoint=dict(interval=2000))  # at each validation
