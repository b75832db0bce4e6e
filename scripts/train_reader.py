"""Make faceswap_lab/evaluation/reader.npz again: train the networks that read who a face is and what it does.

    OMP_NUM_THREADS=1 python scripts/train_reader.py --work /tmp/reader           some 12 CPU minutes
    OMP_NUM_THREADS=1 python scripts/train_reader.py --work /tmp/reader --crowd   other strangers to the same networks
    OMP_NUM_THREADS=1 python scripts/train_reader.py --work /tmp/reader --test    test the shipped ones

Everything random has a seed, so the same machine makes the same file. Rendered people stay in the work folder.
"""

import argparse
import io
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, cross_entropy, normalize, one_hot, pad

from faceswap_lab.data.people import JUDGES_OWN
from faceswap_lab.data.sampler import centre
from faceswap_lab.evaluation import reader
from faceswap_lab.evaluation.held_out import to_tensor
from faceswap_lab.randomness import seed_of, stream
from faceswap_lab.runs.atomic import write_bytes
from faceswap_lab.twins import STATE_FIELDS, identity, render, sample_state, state_vector
from faceswap_lab.twins.head import Head

# Whom the networks learn from, whom they are tested on, and the strangers they ship with: the family of names, the
# first number, people, pictures of each. No population that studies draw from reaches these numbers, and a run that
# names somebody of whom the judge knows is refused.
PEOPLE = {
    "train": ("random", JUDGES_OWN["random"].start, len(JUDGES_OWN["random"]), 6),
    "test": ("person", 11_000, 120, 10),
    "crowd": ("person", JUDGES_OWN["person"].start, len(JUDGES_OWN["person"]), 6),
}
NETWORKS = (("shape", 32, 1200), ("shape", 64, 1200), ("colour", 32, 800))  # kind, size, training steps
TOGETHER, VIEWS = 64, 4  # people in a batch, pictures of each
COVERAGE, RENDERED, SIZE = 0.625, 102, 64  # as runs crop: the centre of 102 px is 64 px
MIRRORED = torch.tensor([-1.0 if name in ("yaw", "light") else 1.0 for name in reader.STATE_READ])


class People:
    """Rendered people: pixels (P, S, 64, 64, 4) uint8 with masks, values (P, S, states) of ``reader.STATE_READ``."""

    def __init__(self, name: str, work: Path) -> None:
        path = work / f"{name}.npz"
        if not path.exists():
            np.savez(path, **dict(zip(("pixels", "states"), _rendered(*PEOPLE[name]))))
        with np.load(path) as file:
            self.pixels, states = torch.from_numpy(file["pixels"]), file["states"]
        columns = [[STATE_FIELDS.index(field) for field in fields] for fields in reader.STATE_READ.values()]
        self.values = torch.from_numpy(np.stack([states[..., some].mean(-1) for some in columns], -1))

    def pictures(self, which: Tensor, size: int) -> Tensor:
        """Return (n, 3, size, size) of flat indices (n,) over people and views."""
        pictures = to_tensor(self.pixels.flatten(0, 1)[which][..., :3].numpy())
        return pictures if size == SIZE else avg_pool2d(pictures, SIZE // size)


def _rendered(family: str, first: int, people: int, states: int) -> tuple[np.ndarray, np.ndarray]:
    pixels = np.empty((people, states, SIZE, SIZE, 4), np.uint8)
    vectors = np.empty((people, states, len(STATE_FIELDS)), np.float32)
    for i in range(people):
        rng, head = stream(first + i, "reader", "states"), Head(identity(f"{family}-{first + i}"))
        drawn = [sample_state(rng) for _ in range(states)]
        seen = [render(head, state, RENDERED) for state in drawn]
        pixels[i, ..., :3] = centre(np.stack([one.image for one in seen]), SIZE, COVERAGE)
        pixels[i, ..., 3] = centre(np.stack([one.mask for one in seen]), SIZE, COVERAGE)
        vectors[i] = [state_vector(state) for state in drawn]
    return pixels, vectors


def windows(train: People) -> dict[str, Tensor]:
    """Return how much each pixel counts: how often a face is there, left and right alike."""
    mean = train.pixels[..., 3].flatten(0, 1).double().mean(0)
    mean = ((mean + mean.flip(1)) / 2 / mean.max()).float()
    return {"window_64": mean, "window_32": avg_pool2d(mean[None], 2)[0]}


def trained(kind: str, size: int, steps: int, train: People, window: Tensor) -> reader.Network:
    """Train a network: pictures of one person near each other and far from others', and the state beside it.

    Who: each picture is told from 64 people by its likeness to the mean of their other pictures (Snell, Swersky and
    Zemel, "Prototypical networks", 2017, with each picture left out of its own prototype as in Wan et al.,
    "Generalized end-to-end loss", 2018). State: mean squared error, standardised. Half the batches are mirrored, and
    pictures blurred, noisy, darker, tinted: as swaps are.
    """
    torch.manual_seed(seed_of(0, "reader", kind, size))
    rng = torch.Generator().manual_seed(seed_of(1, "reader", kind, size))
    network = reader.Network(1 if kind == "shape" else 3, size)
    for layer in network.layers:
        torch.nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        torch.nn.init.zeros_(layer.bias)
    sharpness = torch.nn.Parameter(torch.tensor(10.0))
    optimizer = torch.optim.Adam([*network.parameters(), sharpness])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    who, start = torch.arange(TOGETHER).repeat_interleave(VIEWS), time.process_time()
    middle, spread = _standard(train)
    for step in range(steps):
        which = torch.cat(list(_batch(train, rng)))
        pictures, values = train.pictures(which, size), train.values.flatten(0, 1)[which]
        if torch.rand(1, generator=rng) < 0.5:
            pictures, values = pictures.flip(3), values * MIRRORED
        vectors, read = network(reader.prepared(_worn(pictures, kind, rng), kind, window))
        views = vectors.view(TOGETHER, VIEWS, -1)
        total = views.sum(1, keepdim=True)
        without = (views * normalize(total - views, dim=-1)).sum(-1).flatten()
        likeness = vectors @ normalize(total[:, 0], dim=-1).T
        likeness = torch.where(one_hot(who, TOGETHER).bool(), without[:, None], likeness)
        loss = cross_entropy(sharpness * likeness, who)
        if kind == "shape":
            loss = loss + ((read - (values - middle) / spread) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % 100 == 0:
            print(
                f"{kind} {size}: {step + 1} of {steps}, {loss.item():.3f}, {time.process_time() - start:.0f} CPU s",
                flush=True,
            )
    return network.eval().requires_grad_(False)


def _standard(train: People) -> tuple[Tensor, Tensor]:
    """Return the middle and the spread of the values; what a mirror turns round has its middle at 0."""
    values = train.values.flatten(0, 1)
    return torch.where(MIRRORED < 0, 0.0, values.mean(0)), values.std(0)


def _batch(train: People, rng: torch.Generator) -> Iterator[Tensor]:
    people, views = train.pixels.shape[:2]
    for person in torch.randperm(people, generator=rng)[:TOGETHER]:
        yield person * views + torch.randperm(views, generator=rng)[:VIEWS]


def _worn(pictures: Tensor, kind: str, rng: torch.Generator) -> Tensor:
    """Blur some, make some noisy, change brightness and tint, and shift all by up to a pixel."""
    n, size = len(pictures), pictures.shape[-1]

    def drawn(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=rng)

    order = torch.randperm(n, generator=rng)
    parts = [
        _blurred(pictures[some], (0.3 + 1.2 * drawn(1).item()) * size / 32) if drawn(1).item() < 0.6 else pictures[some]
        for some in order.chunk(4)
    ]
    worn = torch.empty_like(pictures).index_copy_(0, order, torch.cat(parts))
    worn = worn + torch.randn(worn.shape, generator=rng) * 0.05 * drawn(n, 1, 1, 1) * (drawn(n, 1, 1, 1) < 0.4)
    change = 0.1 if kind == "shape" else 0.03
    worn = worn * (1 + change * (2 * drawn(n, 1, 1, 1) - 1)) + change / 2 * (2 * drawn(n, 3, 1, 1) - 1)
    dy, dx = torch.randint(-1, 2, (2,), generator=rng).tolist()
    return worn.roll((dy, dx), (2, 3)).clamp(0, 1)


def _blurred(pictures: Tensor, sigma: float) -> Tensor:
    at = torch.arange(-4.0, 5.0)
    weights = torch.exp(-at * at / (2 * sigma**2))
    weights = (weights / weights.sum()).expand(3, 1, 1, 9)
    across = conv2d(pad(pictures, (4, 4, 0, 0), mode="replicate"), weights, groups=3)
    return conv2d(pad(across, (0, 0, 4, 4), mode="replicate"), weights.transpose(2, 3), groups=3)


def crowd_of(kind: str, size: int, crowd: People) -> Tensor:
    """Return what each stranger looks like to a shipped network: the mean direction of their pictures, (M, WHO)."""
    people, views = crowd.pixels.shape[:2]
    reading = reader.read(crowd.pictures(torch.arange(people * views), size))
    seen = reading.who if kind == "shape" else reading.who_in_colour
    return normalize(seen.view(people, views, -1).mean(1), dim=-1)


def write(stored: dict[str, Tensor]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: tensor.numpy().astype(np.float16) for name, tensor in stored.items()})
    write_bytes(reader.WEIGHTS, buffer.getvalue())
    reader.forget()
    print(f"{reader.WEIGHTS}: {len(buffer.getvalue()) / 1e3:.0f} kB", flush=True)


def report(test: People) -> None:
    """Say how well the shipped networks read people that none of them has seen."""
    people, views = test.pixels.shape[:2]
    for kind, size, _ in NETWORKS:
        pictures, values = test.pictures(torch.arange(people * views), size), test.values.flatten(0, 1)
        for worn, seen in (("as rendered", pictures), ("blurred by 1 px in 32", _blurred(pictures, size / 32))):
            clean, read = reader.read(pictures), reader.read(seen)
            field = "who" if kind == "shape" else "who_in_colour"
            known, asked = (getattr(reading, field).view(people, views, -1) for reading in (clean, read))
            known = normalize(known[:, : views // 2].mean(1), dim=-1)
            others, halves = reader.strangers(kind, size), asked[:, views // 2 :]
            own = [reader.taken_for(halves[i], known[i], known[i - 1], others).mean() for i in range(people)]
            wrong = [reader.taken_for(halves[i - 2], known[i], known[i - 1], others).mean() for i in range(people)]
            said = f"{kind} {size} px, {worn}: right {torch.stack(own).mean():.3f}"
            said += f", strangers taken for one {torch.stack(wrong).mean():.3f}"
            if kind == "shape":
                share = [np.corrcoef(a, b)[0, 1] ** 2 for a, b in zip(read.state.T.numpy(), values.T.numpy())]
                said += "; r² " + ", ".join(f"{name} {r:.2f}" for name, r in zip(reader.STATE_READ, share))
            print(said, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a folder for rendered people, kept")
    parser.add_argument("--crowd", action="store_true", help="keep the shipped networks, make their strangers again")
    parser.add_argument("--test", action="store_true", help="change nothing: test what is shipped")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    if not arguments.test:
        if not arguments.crowd:
            train = People("train", arguments.work)
            networks = windows(train)
            for kind, size, steps in NETWORKS:
                network = trained(kind, size, steps, train, networks[f"window_{size}"])
                networks |= {f"{kind}_{size}_{name}": tensor for name, tensor in network.state_dict().items()}
            write(networks)
        crowd = People("crowd", arguments.work)
        strangers = {f"{kind}_{size}_crowd": crowd_of(kind, size, crowd) for kind, size, _ in NETWORKS}
        write(dict(reader.stored()) | strangers)
    report(People("test", arguments.work))


if __name__ == "__main__":
    main()
