"""Letters for burning in: a 5x7 dot-matrix capital alphabet, drawn here, and a way to stamp it.

Every picture of this room carries the word SYNTHETIC in its pixels, so that no print, screenshot or
export of it can be taken for a patient.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_GLYPHS = {
    "A": ".###. #...# #...# ##### #...# #...# #...#",
    "B": "####. #...# #...# ####. #...# #...# ####.",
    "C": ".#### #.... #.... #.... #.... #.... .####",
    "D": "####. #...# #...# #...# #...# #...# ####.",
    "E": "##### #.... #.... ####. #.... #.... #####",
    "F": "##### #.... #.... ####. #.... #.... #....",
    "G": ".#### #.... #.... #..## #...# #...# .####",
    "H": "#...# #...# #...# ##### #...# #...# #...#",
    "I": "##### ..#.. ..#.. ..#.. ..#.. ..#.. #####",
    "J": "..### ...#. ...#. ...#. ...#. #..#. .##..",
    "K": "#...# #..#. #.#.. ##... #.#.. #..#. #...#",
    "L": "#.... #.... #.... #.... #.... #.... #####",
    "M": "#...# ##.## #.#.# #.#.# #...# #...# #...#",
    "N": "#...# ##..# #.#.# #..## #...# #...# #...#",
    "O": ".###. #...# #...# #...# #...# #...# .###.",
    "P": "####. #...# #...# ####. #.... #.... #....",
    "Q": ".###. #...# #...# #...# #.#.# #..#. .##.#",
    "R": "####. #...# #...# ####. #.#.. #..#. #...#",
    "S": ".#### #.... #.... .###. ....# ....# ####.",
    "T": "##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..",
    "U": "#...# #...# #...# #...# #...# #...# .###.",
    "V": "#...# #...# #...# #...# #...# .#.#. ..#..",
    "W": "#...# #...# #...# #.#.# #.#.# ##.## #...#",
    "X": "#...# #...# .#.#. ..#.. .#.#. #...# #...#",
    "Y": "#...# #...# .#.#. ..#.. ..#.. ..#.. ..#..",
    "Z": "##### ....# ...#. ..#.. .#... #.... #####",
    "0": ".###. #..## #.#.# #.#.# #.#.# ##..# .###.",
    "1": "..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.",
    "2": ".###. #...# ....# ..##. .#... #.... #####",
    "3": "####. ....# ....# .###. ....# ....# ####.",
    "4": "#..#. #..#. #..#. ##### ...#. ...#. ...#.",
    "5": "##### #.... ####. ....# ....# #...# .###.",
    "6": ".###. #.... ####. #...# #...# #...# .###.",
    "7": "##### ....# ...#. ..#.. ..#.. .#... .#...",
    "8": ".###. #...# #...# .###. #...# #...# .###.",
    "9": ".###. #...# #...# .#### ....# ....# .###.",
    " ": "..... ..... ..... ..... ..... ..... .....",
    "-": "..... ..... ..... .###. ..... ..... .....",
    ".": "..... ..... ..... ..... ..... .##.. .##..",
    "/": "....# ....# ...#. ..#.. .#... #.... #....",
    ":": "..... .##.. .##.. ..... .##.. .##.. .....",
    "%": "##..# ##..# ...#. ..#.. .#... #..## #..##",
}
HEIGHT, WIDTH = 7, 5
WORD = "SYNTHETIC"


@cache
def bitmap(text: str, scale: int = 1) -> NDArray[np.bool_]:
    """`text` as a boolean array, `7 * scale` rows high; raises KeyError for an unknown glyph."""
    columns = []
    for character in text:
        rows = _GLYPHS[character].split()
        columns.append(np.array([[dot == "#" for dot in row] for row in rows], dtype=bool))
        columns.append(np.zeros((HEIGHT, 1), dtype=bool))
    small = np.hstack(columns[:-1])
    return np.kron(small, np.ones((scale, scale), dtype=bool)).astype(bool)


def stamp(
    image: NDArray[Any],
    value: int,
    text: str = WORD,
    *,
    scale: int | None = None,
    row: int = 2,
    centre: bool = True,
) -> None:
    """Burns `text` into `image` in place, at `row` from the top; cut at the image's edge.

    Without `scale` the word takes about half the width of the picture.
    """
    if scale is None:
        scale = max(1, image.shape[1] // (2 * len(text) * (WIDTH + 1)))
    dots = bitmap(text, scale)
    column = max(0, (image.shape[1] - dots.shape[1]) // 2) if centre else 2 * scale
    height = min(dots.shape[0], image.shape[0] - row)
    width = min(dots.shape[1], image.shape[1] - column)
    if height > 0 and width > 0:
        image[row : row + height, column : column + width][dots[:height, :width]] = value
