"""Which of the 478 points of the face mesh mean what. The numbering is that of MediaPipe's face mesh with irises."""

IBUG_68: tuple[int, ...] = (
    *(127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356),  # jaw, from the left
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows
    *(168, 197, 5, 4, 98, 97, 2, 326, 327),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # lips, outside
    *(78, 82, 13, 312, 308, 317, 14, 87),  # lips, inside
)
"""The mesh points nearest to the 68 landmarks of iBUG 300-W."""

OUTLINE: tuple[int, ...] = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Around the face, from the hairline's middle."""

RIGHT_EYE, LEFT_EYE = (33, 133, 159, 145), (362, 263, 386, 374)  # corners from the picture's left, upper lid, lower lid
RIGHT_IRIS, LEFT_IRIS = 468, 473  # centres
MOUTH = (61, 291, 13, 14)  # corners from the picture's left, inner edge of the upper lip, of the lower
EARS, HEIGHT = (234, 454), (10, 152)  # the outline beside the ears, from the picture's left; hairline and chin
BROWS, BROW_EYES = (105, 334), (159, 386)  # a point of each brow, and of the lid under it
FIVE: tuple[tuple[int, ...], ...] = ((33, 133), (362, 263), (4,), (61,), (291,))
"""What the detector's five points correspond to: eyes (between the corners), tip of the nose, corners of the mouth."""
