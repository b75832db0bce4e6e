"""The 2018 autoencoder and its training loop as people write them in torch: one file, nothing clever."""

import torch
from torch import nn
from torch.nn import functional as F


class Downscale(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 5, stride=2)

    def forward(self, x):
        return F.leaky_relu(self.conv(F.pad(x, (1, 2, 1, 2))), 0.1)


class Upscale(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, 4 * outputs, 3, padding=1)

    def forward(self, x):
        return F.pixel_shuffle(F.leaky_relu(self.conv(x), 0.1), 2)


class Encoder(nn.Module):
    def __init__(self, widths, code_size, bridge_width):
        super().__init__()
        self.down = nn.Sequential(*(Downscale(a, b) for a, b in zip((3, *widths), widths)))
        self.squeeze = nn.Linear(16 * widths[-1], code_size)
        self.expand = nn.Linear(code_size, 16 * widths[-1])
        self.up = Upscale(widths[-1], bridge_width)

    def forward(self, x):
        x = self.expand(self.squeeze(self.down(x).flatten(1)))
        return self.up(x.view(len(x), -1, 4, 4))


class Decoder(nn.Module):
    def __init__(self, bridge_width, widths):
        super().__init__()
        self.up = nn.Sequential(*(Upscale(a, b) for a, b in zip((bridge_width, *widths), widths)))
        self.out = nn.Conv2d(widths[-1], 3, 5, padding=2)

    def forward(self, x):
        return torch.sigmoid(self.out(self.up(x)))


class PlainLoop:
    """A, then B: a forward pass, a backward pass and a step of the side's own Adam each.

    Args:
        encoder_widths, code_size, bridge_width, decoder_widths: as in conf/scale/.
        lr, betas: of both Adams; everything else is torch's default.
    """

    def __init__(self, encoder_widths, code_size, bridge_width, decoder_widths, lr, betas):
        self.encoder = Encoder(encoder_widths, code_size, bridge_width)
        self.decoders = {side: Decoder(bridge_width, decoder_widths) for side in "AB"}
        self.optimizers = {
            side: torch.optim.Adam([*self.encoder.parameters(), *decoder.parameters()], lr=lr, betas=betas)
            for side, decoder in self.decoders.items()
        }

    def step(self, batches):
        """Train on {side: (input, target)}, (N, r, r, 3) uint8 as cameras and files have them; return the losses."""
        return {side: self.update(side, *batch) for side, batch in batches.items()}

    def update(self, side, seen, target):
        output = self.decoders[side](self.encoder(as_float(seen)))
        loss = F.l1_loss(output, as_float(target))
        self.optimizers[side].zero_grad()
        loss.backward()
        self.optimizers[side].step()
        return loss.item()

    def parameters(self):
        """Return all weights: the encoder's, decoder A's, decoder B's."""
        modules = (self.encoder, *self.decoders.values())
        return [p for module in modules for p in module.parameters()]


def as_float(pixels):
    """(N, r, r, 3) uint8 -> (N, 3, r, r) float32 in [0, 1]."""
    return pixels.permute(0, 3, 1, 2).contiguous().float() / 255
