"""The optimizer step alone, at full size: both sides' updates of 2018's one Adam beside two default ``torch`` Adams.

On a CPU torch's default is a loop over the tensors with a dozen passes over each. Each lives in a process of its own,
ours prepared as a run is. The default's many large temporaries cost much more where freed memory goes back to the
system, as glibc has it; the last row says what is left where it is kept, as in our processes.
"""

from functools import partial

import torch

from benchmarks.configurations import config_of, smooth_data
from benchmarks.figures import Figure, Goal, times_faster
from benchmarks.measure import Work, apart, interleaved
from faceswap_lab.config import Config
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.training.build import autoencoder_of, module_of
from faceswap_lab.training.device.memory import keep_freed_memory
from faceswap_lab.training.fit import prepare_process

DEFAULT, KEEPING = "two default Adams", "the same, freed memory kept"


def figures() -> list[Figure]:
    config = config_of("scale=original", "trainer=cpu", "trainer.threads=1")
    makers = {
        "ours": partial(our_update, config),
        DEFAULT: partial(default_update, config),
        KEEPING: partial(default_update, config, keep=True),
    }
    with apart(makers) as rivals:
        seconds = interleaved(rivals)
    what = "optimizer step alone, 82 M parameters"
    return [times_faster(what, seconds, DEFAULT, Goal(6)), times_faster(what, seconds, KEEPING)]


def our_update(config: Config) -> Work:
    prepare_process(config)
    module = module_of(config, with_gradients(config))
    module.configure_optimizers()
    return lambda: module.states.step(["A", "B"])


def default_update(config: Config, keep: bool = False) -> Work:
    torch.set_num_threads(1)
    if keep:
        keep_freed_memory()
    autoencoder, o = with_gradients(config), config.optimizer
    adams = [
        torch.optim.Adam(list(autoencoder.parameters_of(side)), lr=o.lr, betas=(o.beta1, o.beta2)) for side in "AB"
    ]
    return lambda: [adam.step() for adam in adams]


def with_gradients(config: Config) -> Autoencoder:
    autoencoder = autoencoder_of(config, smooth_data(2, 16))
    for p in autoencoder.parameters():
        p.grad = torch.randn_like(p) * 1e-4
    return autoencoder
