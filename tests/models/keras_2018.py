"""The 2018 model as Keras on TensorFlow computes it, slowly, in float64 NumPy: written from its definition, not ours.

deepfakes/faceswap 2018, plugins/Model_Original: channels last, kernels (h, w, in, out), "same" padding, a pixel
shuffler whose channels are ordered (rh, rw, c), dense layers on (h, w, c).
"""

import numpy as np

from tests.models.tiny import decoder_of, encoder_of


def same_conv(x, kernel, bias, stride):
    """tf.nn.conv2d with padding="SAME": (N, H, W, C) * (k, k, C, D) -> (N, ceil(H/s), ceil(W/s), D)."""
    k, size = kernel.shape[0], x.shape[1]
    out = -(-size // stride)
    total = max((out - 1) * stride + k - size, 0)
    before = total // 2
    x = np.pad(x, ((0, 0), (before, total - before), (before, total - before), (0, 0)))
    y = np.zeros((len(x), out, out, kernel.shape[3]))
    for i in range(k):
        for j in range(k):
            seen = x[:, i : i + stride * (out - 1) + 1 : stride, j : j + stride * (out - 1) + 1 : stride]
            y += seen @ kernel[i, j]
    return y + bias


def shuffle(x):
    """faceswap's PixelShuffler: (N, H, W, 4C), channels (rh, rw, c) -> (N, 2H, 2W, C)."""
    n, h, w, c = x.shape
    return x.reshape(n, h, w, 2, 2, c // 4).transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * h, 2 * w, c // 4)


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


class Keras2018:
    """The weights of an ``Autoencoder``'s parts, brought into Keras' layout, and the forward pass on them."""

    def __init__(self, autoencoder, side):
        stages = dict(encoder_of(autoencoder, side).stages)
        dense, up = stages.pop("dense"), stages.pop("up")
        *decoding, out = decoder_of(autoencoder, side).stages.values()
        self.last_width = dense.width
        self.downs = [_conv(block.conv) for block in stages.values()]
        self.dense = [_dense(dense.squeeze, dense.width, "in"), _dense(dense.expand, dense.width, "out")]
        self.ups = [_upscale(block.conv) for block in [up, *decoding]]
        self.out = _conv(out)

    def pre_activation(self, x):
        for kernel, bias in self.downs:
            x = leaky(same_conv(x, kernel, bias, stride=2))
        x = x.reshape(len(x), -1)
        for kernel, bias in self.dense:
            x = x @ kernel + bias
        x = x.reshape(len(x), 4, 4, self.last_width)
        for kernel, bias in self.ups:
            x = shuffle(leaky(same_conv(x, kernel, bias, stride=1)))
        return same_conv(x, *self.out, stride=1)

    def __call__(self, x):
        return 1 / (1 + np.exp(-self.pre_activation(x)))


def _array(parameter):
    return parameter.detach().numpy().astype(np.float64)


def _conv(layer):
    return _array(layer.weight).transpose(2, 3, 1, 0), _array(layer.bias)


def _upscale(layer):
    """Reorder the outputs from torch's (c, rh, rw) to (rh, rw, c)."""
    kernel, bias = _conv(layer)
    order = np.arange(len(bias)).reshape(-1, 2, 2).transpose(1, 2, 0).ravel()
    return kernel[..., order], bias[order]


def _dense(layer, width, which):
    """Reorder the units of the 4x4 picture from (c, h, w) to (h, w, c)."""
    kernel, bias = _array(layer.weight).T, _array(layer.bias)  # Keras: (in, out)
    order = np.arange(16 * width).reshape(width, 4, 4).transpose(1, 2, 0).ravel()
    return (kernel[order], bias) if which == "in" else (kernel[:, order], bias[order])
