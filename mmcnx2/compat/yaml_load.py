"""Have mmengine read YAML as data: its own handler calls whatever a file names.

Upstream: mmengine 0.10.7 gives ``yaml.load`` PyYAML's ``CLoader``, the unsafe one, so a config with
``!!python/object/apply:os.system`` runs a command while it is read (mmengine/fileio/handlers/
yaml_handler.py; no thread).

Can go when mmengine takes the safe loader.

Tuples stay: mmengine itself writes them, as ``!!python/tuple``.
"""

from importlib.util import find_spec
from typing import Any, TextIO


class YamlError(ValueError):
    """A YAML file holds more than data, or is none; its reader does not know its name."""


def read_yaml_as_data() -> None:
    """Replace mmengine's handler of ``.yaml`` and ``.yml`` files (idempotent)."""
    if find_spec('mmengine') is None:
        return
    import yaml
    from mmengine.fileio import register_handler
    from mmengine.fileio.handlers import YamlHandler

    class Loader(getattr(yaml, 'CSafeLoader', yaml.SafeLoader)):
        """Scalars, lists, mappings, and tuples."""

    Loader.add_constructor(
        'tag:yaml.org,2002:python/tuple',
        lambda loader, node: tuple(loader.construct_sequence(node, deep=True)),
    )

    @register_handler(['yaml', 'yml'])
    class DataYamlHandler(YamlHandler):
        """Reads data and nothing else."""

        def load_from_fileobj(self, file: TextIO, **kwargs) -> Any:
            try:
                return yaml.load(file, Loader=Loader)
            except yaml.constructor.ConstructorError as error:
                raise YamlError(
                    f'it asks for something other than data ({error.problem}), which '
                    'could run code: write plain values, or a .py config where you trust it.'
                ) from None
            except yaml.YAMLError as error:
                reason = ' '.join(str(error).split())
                raise YamlError(f'it is no YAML: {reason}.') from None
