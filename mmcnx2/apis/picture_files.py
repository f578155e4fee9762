"""Which image files are predicted on, and where their pictures go. Needs nothing but Python."""

from collections.abc import Callable, Sequence
from pathlib import Path

IMAGES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')


def find_images(path: Path, endings: Sequence[str] = IMAGES) -> list[str]:
    """Return an image, or the images of a folder, nested as it may be.

    Args:
        path: Of a file or a folder.
        endings: What names of images end in, in lower case.

    Raises:
        FileNotFoundError: If there is none.
    """
    found = sorted(path.rglob('*')) if path.is_dir() else [path]
    images = [str(file) for file in found if file.is_file() and file.suffix.lower() in endings]
    if not images:
        raise FileNotFoundError(
            f"'{path}' is neither an image nor a folder that holds one ({', '.join(endings)})."
        )
    return images


def as_png(image: str) -> str:
    """Return the name under which an image file is drawn."""
    return f'{Path(image).stem}.png'


def check_names(
    images: Sequence[str], out_dir: Path, *, named: Callable[[str], str] | None = None
) -> None:
    """Refuse pictures that would be drawn over an image, or over one another.

    Args:
        images: Files.
        out_dir: Where the pictures go.
        named: Returns the name under which a file is drawn; None if that is its own.

    Raises:
        ValueError: They would.
    """
    if Path(images[0]).resolve().is_relative_to(out_dir.resolve()):
        raise ValueError(f"'{images[0]}' lies in the results' folder '{out_dir}': give another.")
    drawn = {}
    for image in images:
        name = named(image) if named else Path(image).name
        if name in drawn:
            raise ValueError(
                f"'{drawn[name]}' and '{image}' would both be drawn as '{name}': rename one, or "
                'give them one at a time, each with a folder of its own.'
            )
        drawn[name] = image
