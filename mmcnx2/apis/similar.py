"""Images that are alike, said and written."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmcnx2.analysis.embedding import LOOKS
from mmcnx2.analysis.embedding_table import EmbeddingTable
from mmcnx2.analysis.overlap import SIDE, to_gray
from mmcnx2.analysis.pictures import thumbnails
from mmcnx2.analysis.similar import find_duplicates, nearest
from mmcnx2.apis.embedding import FolderEmbedding
from mmcnx2.outputs import new_file

_SHOWN = 5


def say_neighbors(
    embedding: FolderEmbedding, table: EmbeddingTable, queries: Sequence[str], *, count: int
) -> None:
    """Print the images that are most similar to some others.

    Args:
        embedding: What computed the table.
        table: Of the images to search.
        queries: Paths of images, of that folder or any other.
        count: How many to print of each; an image is no neighbor of itself.

    Raises:
        ValueError: A query cannot be read.
    """
    vectors = embedding.vectors(queries)
    for query in queries:
        if query not in vectors:
            raise ValueError(f"'{query}' cannot be read as an image: give another one.")
        places, cosines = nearest(vectors[query][None], table.vectors, count=count + 1)
        own = os.path.abspath(query)
        found = [
            (table.paths[place], cosine)
            for place, cosine in zip(places[0], cosines[0], strict=True)
            if table.paths[place] != own
        ]
        print(f'Most similar to {query}, by the cosine of their vectors:')
        for path, cosine in found[:count]:
            print(f'  {cosine:.3f}  {path}')


def write_duplicates(embedding: FolderEmbedding, table: EmbeddingTable, out: str) -> None:
    """Look for near-duplicates, write all pairs, and print some.

    Args:
        embedding: What computed the table.
        table: Of the images to search.
        out: File of the table; ``out.duplicates.csv`` gets the pairs.

    Raises:
        OSError: It cannot be written.
    """
    others = []
    for look in LOOKS[1:]:
        found = embedding.vectors(table.paths, look=look)
        others.append(np.stack([found[path] for path in table.paths]))
    pictures = [to_gray(each) for each in thumbnails(table.paths, SIDE)]
    pairs = find_duplicates(pictures, table.vectors, others)
    target = Path(out).with_suffix('.duplicates.csv')
    with new_file(target) as draft, open(draft, 'w', newline='', encoding='utf-8') as file:
        rows = csv.writer(file)
        rows.writerow(['path', 'duplicate', 'similarity', 'mirrored'])
        for pair in pairs:
            paths = (table.paths[pair.first], table.paths[pair.second])
            rows.writerow([*paths, f'{pair.similarity:.4f}', pair.mirrored])
    print(f'{len(pairs)} pairs of near-duplicates, in {target}.')
    for pair in pairs[:_SHOWN]:
        one, other = table.paths[pair.first], table.paths[pair.second]
        print(f'  {pair.similarity:.3f}  {one}\n         {other}')
