# Pre-training and classification. det_runtime.py and seg_runtime.py change what differs there.
default_scope = 'mmpretrain'
custom_imports = dict(
    imports=[
        'mmcnx2',
        'mmcnx2.datasets.labelled_folder',
        'mmcnx2.engine.each_class_precision',
    ],
    allow_failed_imports=False,
)

default_hooks = dict(
    runtime_info=dict(type='mmcnx2.LateInfoHook'),  # which reads losses when they are written
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='mmcnx2.AtomicCheckpointHook', interval=1, max_keep_ckpts=3),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='VisualizationHook', enable=False),
    # What keeps a long run alive: docs/reliability.md.
    resume=dict(type='mmcnx2.ExactResumeHook'),
    finite_loss=dict(type='mmcnx2.FiniteLossHook'),
    loss_spike=dict(type='mmcnx2.LossSpikeHook'),
    durable_log=dict(type='mmcnx2.DurableLogHook'),
    preemption=dict(type='mmcnx2.PreemptionHook'),
    unreadable=dict(type='mmcnx2.UnreadableImagesHook', max_unreadable=0.1),
    watchdog=dict(type='mmcnx2.WatchdogHook', seconds=600),
)

env_cfg = dict(
    cudnn_benchmark=True,  # every batch has the same size
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # Seconds that processes wait for each other: longer than the watchdog, which says at what.
    dist_cfg=dict(backend='nccl', timeout=1800),
)

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='UniversalVisualizer', vis_backends=vis_backends)

# No seed: a run draws its own and logs it. With a seed, each rank still draws its own masks.
randomness = dict(seed=None, diff_rank_seed=True)

log_level = 'INFO'
load_from = None
resume = False
