"""Programs in files: traced, written whole, and read back as whoever gets them reads them."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from mmcnx2.apis.exported.model import FACTS
from mmcnx2.apis.exporting.program import Program
from mmcnx2.checks import check_at_least, check_types
from mmcnx2.choices import EXPORT_FORMATS, OLDEST_OPSET
from mmcnx2.outputs import new_file

Runner = Callable[..., dict[str, Tensor]]
"""Takes a program's inputs, returns its outputs by name."""


@check_types
def trace(program: Program) -> ExportedProgram:
    """Trace a program for pictures of any size.

    Raises:
        ValueError: Something in the model cannot be traced.
    """
    try:
        with torch.no_grad():
            return torch.export.export(
                program,
                program.example(),
                dynamic_shapes=program.dynamic_shapes(),
                strict=False,
                # Sizes of the last stages are not known to be above 1, which would be a guard.
                prefer_deferred_runtime_asserts_over_guards=True,
            )
    except Exception as error:  # torch has a dozen classes for it
        raise ValueError(
            f'{type(program.network).__name__} cannot be traced ({_first_line(error)}): export '
            'its encoder alone by part=features.'
        ) from error


@check_types
def save_program(
    program: Program,
    traced: ExportedProgram,
    path: str | Path,
    *,
    facts: Mapping[str, Any] | None = None,
    opset: int = OLDEST_OPSET,
) -> Runner:
    """Write a program and return it as read back from the file.

    Args:
        program: Names the outputs.
        traced: The same, of :func:`trace`.
        path: Ends in ``.pt2`` (for ``torch.export.load``) or ``.onnx``. Beyond 2 GB the weights of
            an ONNX file lie beside it.
        facts: What to note in the file, in JSON's types.
        opset: Version of ONNX's operators.

    Raises:
        OSError: If it cannot be written. Another file of its name is moved aside.
        ValueError: If it ends in something else, the opset is too old or too new, or ONNX has no
            operator for something in the model.
        ImportError: If a package that ONNX needs is not installed.
    """
    path = Path(path)
    if path.suffix not in EXPORT_FORMATS:
        known = ' or '.join(EXPORT_FORMATS)
        raise ValueError(f"'{path}' must end in {known}, which picks the format.")
    note = json.dumps(dict(facts or {}))
    if path.suffix == '.pt2':
        with new_file(path) as draft:
            torch.export.save(traced, draft, extra_files={FACTS: note})
        return _runner(torch.export.load(path).module(), program)
    converted = _to_onnx(program, traced, opset)
    converted.model.metadata_props[FACTS] = note
    with new_file(path) as draft:
        converted.save(draft)
    return open_onnx(path)


def open_onnx(path: str | Path) -> Runner:
    """Return an ONNX file as a function of tensors.

    Raises:
        ValueError: onnxruntime does not run it.
    """
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    except Exception as error:
        raise ValueError(
            f"onnxruntime {onnxruntime.__version__} does not run '{path}' ({_first_line(error)}): "
            'export to .pt2, or with another opset.'
        ) from error
    names = [each.name for each in session.get_inputs()]
    outputs = [each.name for each in session.get_outputs()]

    def run(*inputs: Tensor) -> dict[str, Tensor]:
        given = dict(zip(names, (each.numpy() for each in inputs), strict=True))
        found = session.run(outputs, given)
        return {name: torch.from_numpy(each) for name, each in zip(outputs, found, strict=True)}

    return run


def check_opset(opset: int) -> None:
    """Refuse versions of ONNX's operators that models cannot be written in.

    Raises:
        ImportError: If a package that ONNX needs is not installed.
        ValueError: It is too old or too new.
    """
    try:
        import onnx
        import onnxruntime  # noqa: F401  (reads the file back)
        import onnxscript  # noqa: F401  (torch.onnx would find out later)
    except ImportError as error:
        raise ImportError(
            f'{error.name} is not installed: run `pip install onnx onnxscript onnxruntime`, or '
            'export to .pt2.'
        ) from None
    check_at_least(1, opset=opset)
    newest = onnx.defs.onnx_opset_version()
    if not OLDEST_OPSET <= opset <= newest:
        raise ValueError(
            f'opset={opset} is none that models are written in: LayerNorm, RoIAlign and their '
            f'shapes need {OLDEST_OPSET} or newer, and the installed onnx ends at {newest}.'
        )


def _to_onnx(program: Program, traced: ExportedProgram, opset: int):
    check_opset(opset)
    try:
        converted = torch.onnx.export(
            traced,
            input_names=list(program.input_names),
            output_names=list(program.outputs),
            opset_version=opset,
            verbose=False,
            dynamo=True,
        )
    except torch.onnx.errors.OnnxExporterError as error:
        raise ValueError(_missing_operator(error, opset)) from error
    if converted.model.opset_imports[''] != opset:
        raise ValueError(
            f'the model cannot be written in opset={opset}: use '
            f'{converted.model.opset_imports[""]}.'
        )
    return converted


def _missing_operator(error: Exception, opset: int) -> str:
    causes = []
    while error is not None:
        causes.append(str(error))
        error = error.__cause__ or error.__context__
    found = re.search(r"OpOverload\(op='([\w.:]+)'", '\n'.join(causes))
    if found:
        return (
            f"ONNX (opset {opset}) has no operator for '{found[1]}': export to .pt2, which has all."
        )
    return f'the model cannot be written as ONNX ({_first_line(Exception(causes[-1]))}).'


def _runner(module: Callable, program: Program) -> Runner:
    @torch.no_grad()
    def run(*inputs: Tensor) -> dict[str, Tensor]:
        return dict(zip(program.outputs, module(*inputs), strict=True))

    return run


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200].rstrip('.')
