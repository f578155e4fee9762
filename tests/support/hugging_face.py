"""Run in an interpreter with Hugging Face transformers: a random ConvNeXt V2 and its output.

``python - FOLDER < hugging_face.py`` reads ``FOLDER/request.pt``, a dict of ``images`` and
``config`` (arguments of ``ConvNextV2Config``), and writes ``answer.pt`` with ``weights`` and
``logits``, or ``maps`` of a backbone where the config has ``out_features``. Without a config, it
reads the model from the folder as that library's users do; of a ``picture``, ``(H, W, 3)`` bytes,
it writes the ``pixel_values`` that the folder's image processor makes.

It imports nothing of this project, which lives in another environment.
"""

import sys
from pathlib import Path

import torch
from transformers import (
    AutoImageProcessor,
    ConvNextV2Backbone,
    ConvNextV2Config,
    ConvNextV2ForImageClassification,
)


def main() -> None:
    folder = Path(sys.argv[1])
    request = torch.load(folder / 'request.pt', weights_only=True, mmap=True)
    if 'picture' in request:
        processor = AutoImageProcessor.from_pretrained(folder)
        answer = dict(processor(request['picture'].numpy(), return_tensors='pt'))
        torch.save(answer, folder / 'answer.pt')
        return
    if 'config' in request:
        config = ConvNextV2Config(**request['config'])
        gives_maps = 'out_features' in request['config']
        kind = ConvNextV2Backbone if gives_maps else ConvNextV2ForImageClassification
        with torch.device('meta'):
            model = kind(config)
        model.load_state_dict(fill(model), strict=True, assign=True)
    else:
        model = ConvNextV2ForImageClassification.from_pretrained(folder, dtype=torch.float64)
    with torch.no_grad():
        output = model.eval()(request['images'])
    found = (
        dict(maps=output.feature_maps) if 'feature_maps' in output else dict(logits=output.logits)
    )
    torch.save({'weights': model.state_dict(), **found}, folder / 'answer.pt')


def fill(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Draw every parameter, GRN's, norms and biases included: windows of one random buffer."""
    tensors, steps = model.state_dict(), 1009
    size = max(tensor.numel() for tensor in tensors.values()) + steps * len(tensors)
    buffer = torch.empty(size, dtype=torch.float64)
    buffer.uniform_(-0.05, 0.05, generator=torch.Generator().manual_seed(0))
    return {
        name: buffer[steps * i :][: tensor.numel()].view(tensor.shape)
        for i, (name, tensor) in enumerate(tensors.items())
    }


if __name__ == '__main__':
    main()
