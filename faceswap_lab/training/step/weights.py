"""The weights of a training, as events replace them."""

from collections.abc import Sequence

from torch import Tensor

from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.training.step.optimizers import OptimizerStates


class Weights:
    """Replaces weights where they lie, so that optimizers, compiled parts and several devices go on with them.

    Moments tell of the weights that were there, so replaced weights begin without any, and count their updates anew:
    faceswap-GAN makes new optimizers when it exchanges its decoders.

    Args:
        models: the model that is trained, and those that average it.
        states: its optimizers.
    """

    def __init__(self, models: Sequence[Autoencoder], states: OptimizerStates) -> None:
        self.models, self.states = models, states

    def reset(self, part: str, stream: str) -> None:
        """Let a part start again, from the stream (seed, "reset", ``stream``, its own start)."""
        for model in self.models:
            model.parts[part].load_state_dict(model.started(part, "reset", stream).state_dict())
        self._forget(part)

    def exchange(self, one: str, other: str) -> None:
        """Let two parts have each other's weights."""
        for model in self.models:
            a, b = model.parts[one], model.parts[other]
            kept = {name: tensor.clone() for name, tensor in a.state_dict().items()}
            a.load_state_dict(b.state_dict())
            b.load_state_dict(kept)
        self._forget(one, other)

    def _forget(self, *parts: str) -> None:
        """Let every optimizer begin anew with the weights of some parts."""
        for optimizer in self.states.optimizers:
            for p in (p for part in parts for p in self.models[0].parts[part].parameters()):
                for value in optimizer.state.get(p, {}).values():
                    if isinstance(value, Tensor):
                        value.zero_()
        self.states.loaded()
