"""The commands, a file each; every one of them is a call, too: ``mmcnx2.pretrain(...)``."""

COMMANDS = (
    'pretrain', 'finetune', 'detect', 'segment', 'test', 'predict', 'reconstruct', 'knn', 'export',
    'convert', 'pack', 'models', 'doctor',
)  # fmt: skip
"""Their names, in the order in which a person meets them; each is a module with that function."""
