"""The exact answer: every pixel of a sample by one bilinear interpolation in float64, slowly and plainly."""

import numpy as np

from benchmarks.recipe_2018 import similarity


def exact_sample(image, mask, drawn, resolution):
    """Return input, target (r, r, 3) and mask (r, r) in float64 of a face, following the conventions of 2018.

    Args:
        image: (S, S, 3).
        mask: (S, S).
        drawn: a ``recipe_2018.Chance``.
        resolution: r.
    """
    size = len(image)
    x, y = grid(drawn.jitter, size)
    regular = np.arange(5) * resolution / 4
    goal = np.stack(np.meshgrid(regular, regular), axis=-1).reshape(-1, 2)
    onto = np.vstack([similarity(np.stack([x.ravel(), y.ravel()], axis=1), goal), [0, 0, 1]])
    columns, rows = np.meshgrid(np.arange(resolution), np.arange(resolution))
    seen = stored(grown(x, resolution), grown(y, resolution), drawn, size)
    aimed = stored(*mapped(np.linalg.inv(onto), columns, rows), drawn, size)
    return bilinear(image, *seen), bilinear(image, *aimed), bilinear(mask, *aimed)


def grid(jitter, size):
    """Return x and y of the jittered control points, (5, 5) each, in the turned and mirrored picture."""
    axis = np.broadcast_to(np.linspace(size / 2 - size * 80 / 256, size / 2 + size * 80 / 256, 5), (5, 5))
    return axis + jitter[0] * size / 256, axis.T + jitter[1] * size / 256


def grown(plane, resolution):
    """Return the grid resized to 5r/4 pixels, half-pixel convention, with an eighth of r cut off all round."""
    place = (np.arange(resolution) + resolution // 8 + 0.5) * 4 / resolution - 0.5
    return bilinear(plane, *np.meshgrid(place, place))


def stored(x, y, drawn, size):
    """Return where points of the turned and mirrored picture lie in the stored face."""
    if drawn.flip:
        x = size - 1 - x
    angle, centre = np.deg2rad(drawn.rotation), size // 2
    turn = drawn.zoom * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    offset = centre - turn @ [centre, centre] + drawn.shift
    return mapped(np.linalg.inv(np.vstack([np.column_stack([turn, offset]), [0, 0, 1]])), x, y)


def mapped(matrix, x, y):
    """Return x and y after a (3, 3) affine map."""
    return matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2], matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]


def bilinear(picture, x, y):
    """Interpolate (H, W, …) at x and y in pixel indices; borders are repeated."""
    height, width = picture.shape[:2]
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, down = x - left, y - top
    total = 0.0
    for row, weight_y in ((top, 1 - down), (top + 1, down)):
        for column, weight_x in ((left, 1 - right), (left + 1, right)):
            values = picture[row.clip(0, height - 1), column.clip(0, width - 1)].astype(np.float64)
            weight = weight_x * weight_y
            total = total + values * weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
    return total
