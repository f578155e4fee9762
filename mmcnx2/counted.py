"""A number and what it counts, as people write it: 1 image, 2 images."""


def counted(number: int, thing: str) -> str:
    """Return the number and the thing, in the plural where there is not one.

    Args:
        number: How many.
        thing: In the singular, whose plural takes an s.
    """
    return f'{number} {thing}' if number == 1 else f'{number} {thing}s'
