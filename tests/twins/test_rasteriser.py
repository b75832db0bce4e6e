import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from faceswap_lab.twins.rasteriser import SUBPIXELS, rasterise

HEIGHT, WIDTH = 7, 9


def _cross(a, b):
    return int(a[0]) * int(b[1]) - int(a[1]) * int(b[0])


def pixel_by_pixel(points, triangles, two_sided):
    """The obvious version: ask every pixel of every triangle, in Python's whole numbers."""
    snapped = np.rint(points[:, :2] * np.float32(SUBPIXELS)).astype(int)
    seen = {}
    for index, corners in enumerate(triangles):
        a, b, c = snapped[corners]
        area = _cross(b - a, c - a)
        if area == 0 or (area > 0 and not two_sided):
            continue
        for pixel in range(HEIGHT * WIDTH):
            centre = np.array([pixel % WIDTH, pixel // WIDTH]) * SUBPIXELS + SUBPIXELS // 2
            parts = [_cross(c - b, centre - b), _cross(a - c, centre - c), _cross(b - a, centre - a)]
            weights = np.array(parts) / area
            if (weights >= 0).all():
                depth = float(weights @ points[corners, 2].astype(float))
                seen.setdefault(pixel, []).append((depth, index, weights))
    return seen


coordinates = st.one_of(
    st.integers(-8 * SUBPIXELS, 20 * SUBPIXELS).map(lambda k: k / SUBPIXELS),  # on the grid: corners hit pixel centres
    st.floats(-8, 20, width=32),
)
corners = st.integers(0, 7)


@settings(max_examples=120)
@given(
    xy=hnp.arrays(np.float32, (8, 2), elements=coordinates),
    depth=hnp.arrays(np.float32, 8, elements=st.floats(-1, 1, width=32)),
    triangles=st.lists(st.tuples(corners, corners, corners), min_size=1, max_size=8),
    two_sided=st.booleans(),
)
def test_agrees_with_asking_every_pixel(xy, depth, triangles, two_sided):
    points, triangles = np.column_stack([xy, depth]), np.array(triangles, np.int32)
    expected = pixel_by_pixel(points, triangles, two_sided)
    found = rasterise(points, triangles, HEIGHT, WIDTH, two_sided)
    assert found.pixels.tolist() == sorted(expected)  # coverage is exact
    for pixel, triangle, weights, z in zip(found.pixels, found.triangles, found.weights, found.depth):
        candidates = {index: (d, w) for d, index, w in expected[pixel]}
        nearest = max(d for d, _ in candidates.values())
        assert candidates[triangle][0] >= nearest - 1e-4
        np.testing.assert_allclose(z, nearest, atol=1e-4)
        np.testing.assert_allclose(weights, candidates[triangle][1], atol=1e-5)


def test_two_halves_of_a_square_leave_no_gap_and_no_seam():
    square = np.array([[1.3, 1.2, 0], [6.7, 1.2, 0], [6.7, 5.9, 0], [1.3, 5.9, 0]], np.float32)
    found = rasterise(square, np.array([[0, 2, 1], [0, 3, 2]], np.int32), HEIGHT, WIDTH)
    columns, rows = found.pixels % WIDTH, found.pixels // WIDTH
    assert set(zip(columns, rows)) == {(x, y) for x in range(1, 7) for y in range(1, 6) if x + 0.5 <= 6.7}


def test_nearer_triangle_hides_the_farther_whatever_their_order():
    points = np.array([[0, 0, 0], [9, 0, 0], [0, 7, 0], [0, 0, 1], [9, 0, 1], [0, 7, 1]], np.float32)
    near, far = [3, 5, 4], [0, 2, 1]
    for order, expected in (([near, far], 0), ([far, near], 1)):
        found = rasterise(points, np.array(order, np.int32), HEIGHT, WIDTH)
        assert len(found.pixels) > 10
        assert set(found.triangles) == {expected}


def test_nothing_in_the_picture_gives_no_fragments():
    points = np.array([[-9, -9, 0], [-8, -9, 0], [-9, -8, 0]], np.float32)
    found = rasterise(points, np.array([[0, 2, 1]], np.int32), HEIGHT, WIDTH)
    assert found.pixels.shape == (0,)
    assert found.weights.shape == (0, 3)
