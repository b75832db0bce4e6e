"""One training step, from its samples to the weights: what an update order's updates are carried out by."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional

from faceswap_lab.data.datamodule import SideBatch
from faceswap_lab.data.regions import SampleRegions
from faceswap_lab.events import NO_EVENTS, Events
from faceswap_lab.models.autoencoder import Autoencoder, Drawn, Samples
from faceswap_lab.orders import Plan, Portion, Update
from faceswap_lab.randomness import seed_of
from faceswap_lab.training.step.discriminators import Discriminators, Shown
from faceswap_lab.training.step.finite import Watch
from faceswap_lab.training.step.losses import code_distance, codes_apart
from faceswap_lab.training.step.objective import MAE, Objective
from faceswap_lab.training.step.optimizers import OptimizerStates
from faceswap_lab.training.step.regions import region_masks
from faceswap_lab.training.step.weights import Weights

Batch = Mapping[Portion, SideBatch]


@dataclass(frozen=True)
class StepSettings:
    """How a step's losses are taken, and what becomes of its gradients; the defaults are those of 2018.

    Attributes:
        objective: the loss of a side.
        side_weights: factor of each side's loss; 1 where none is given.
        mask_weight: factor of a mask head's squared error.
        regions: of each side, where eyes and mouth are; needed where the objective is regional.
        schedule: returns the learning rate of a step; None: it stays as it is.
        gradient_clip: largest norm of the gradient of one update; None: not clipped.
        lr_dropout: the probability with which a weight makes its step, drawn for every weight in every update from
            the stream (seed, "lr_dropout", step, update); None: every weight does.
        events: what changes at which step; a change of the learning rate needs a schedule.
        channels_last: how pictures lie in memory, as the autoencoder's weights do.
    """

    objective: Objective = MAE
    side_weights: Mapping[str, float] = field(default_factory=dict)
    mask_weight: float = 1.0
    regions: Mapping[str, SampleRegions] = field(default_factory=dict)
    schedule: Callable[[int], float] | None = None
    gradient_clip: float | None = None
    lr_dropout: float | None = None
    events: Events = NO_EVENTS
    channels_last: bool = True


class TrainingStep:
    """Makes training steps on one device, or on this process's part of several.

    Args:
        autoencoder: what is trained, on its device.
        plan: the updates of every step.
        states: the optimizers.
        backward: computes the gradients of a loss, averaged over the devices.
        watch: sees that every update's numbers are finite; its ``skip`` is what the optimizers read, if they do.
        settings: how losses are taken and gradients used.
        discriminators: what learns beside the autoencoder, with optimizers.
        average: the model of averaged weights, if there is one: events change it too.
    """

    def __init__(
        self,
        autoencoder: Autoencoder,
        plan: Plan,
        states: OptimizerStates,
        backward: Callable[[Tensor], None],
        watch: Watch,
        settings: StepSettings,
        discriminators: Discriminators,
        average: Autoencoder | None = None,
    ) -> None:
        self.autoencoder, self.plan, self.states, self.backward = autoencoder, plan, states, backward
        self.watch, self.settings, self.discriminators = watch, settings, discriminators
        self.parameters = [*autoencoder.parameters(), *discriminators.parameters()]
        self.tie = autoencoder.topology.tie
        self.with_codes = bool(self.tie or settings.objective.same_codes) or discriminators.see_codes
        self.weights = Weights([autoencoder, *([average] if average else [])], states)

    def make(self, step: int, batch: Batch) -> dict[Portion, Tensor]:
        """Make one training step.

        Args:
            step: training steps made already.
            batch: the samples of each of ``plan.portions(step)``, on this device.

        Returns:
            the unweighted loss of each portion as it was taken, the mean over all devices; ``terms`` has its terms.

        Raises:
            Diverged: something is not finite, and the watch looks at once; no optimizer has used it.
        """
        self.step, self.batch, self.updates = step, batch, 0
        self.now = self.settings.events.at(step)
        self.settings.events.happen(step, self.weights)
        if self.settings.schedule is not None:
            self._set_learning_rate(self.now.rate * self.settings.schedule(step))
        self.seen: dict[Portion, Tensor] = {}
        self.terms: dict[Portion, dict[str, Tensor]] = {}  # where there are several: each without its weight
        self.ready: dict[Portion, Tensor] = {}  # weighted losses at the present weights, with their graph
        self.tied: list[Tensor] = []
        self.shown: dict[Portion, Shown] = {}  # to discriminators
        self.told: dict[str, Tensor] = {}  # their own losses, by name
        if self.discriminators.who_learn(first=True):
            self._teach(self._drawn_now(self.plan.portions(step)), first=True)
        for update in self.plan.updates(step, self._worst_first):
            for loss in self._losses(update):
                self.backward(loss)
            self._update(list(dict.fromkeys(portion.side for portion in update.portions)))
        if self.shown and self.discriminators.who_learn(first=False):
            self._teach(self.shown, first=False)
        return self.seen

    def _losses(self, update: Update) -> Iterator[Tensor]:
        """Yield what the backward passes of an update are made from, each when the one before is done."""
        if update.summed:
            losses = self._take(update.portions, update.only_last)
            yield sum(losses[1:], losses[0])
            return
        for portion in update.portions:
            yield from self._take([portion], update.only_last)

    def _take(self, portions: Sequence[Portion], only_last: bool = False) -> list[Tensor]:
        """Return the weighted loss of each portion at the present weights; those of summed portions may be tied."""
        if all(portion in self.ready for portion in portions):
            return [self.ready[portion] for portion in portions]
        drawn = self._draw(portions, only_last)
        losses = [self._loss(*of_side) for of_side in zip(portions, drawn, self._same_codes(drawn), strict=True)]
        if self.tie and len(portions) > 1:
            distance = code_distance([d.code for d in drawn if d.code is not None])
            self.tied.append(distance.detach())
            losses.append(self.tie * distance)
        return losses

    def _draw(self, portions: Sequence[Portion], only_last: bool = False) -> list[Drawn]:
        inputs = [Samples(p.side, self._picture(self.batch[p].input), self._first_here(p)) for p in portions]
        return self.autoencoder.reconstruct_all(inputs, only_last, with_codes=self.with_codes)

    def _same_codes(self, drawn: Sequence[Drawn]) -> list[dict[str, Tensor]]:
        """Return, for each portion of an update, the terms that ask for the codes of the others."""
        names = self.settings.objective.same_codes
        if not names:
            return [{} for _ in drawn]
        return [dict.fromkeys(names, apart) for apart in codes_apart([d.code for d in drawn if d.code is not None])]

    def _loss(self, portion: Portion, drawn: Drawn, beside: dict[str, Tensor]) -> Tensor:
        samples, objective = self.batch[portion], self.settings.objective
        target = self._picture(samples.target)
        masks = self._masks(portion, samples.mask) if objective.masked else {}
        if self.discriminators:
            beside = beside | self._show(portion, Shown(target, drawn.faces, drawn.code))
        loss, terms = objective(drawn.faces, target, masks, self.now.weights, beside)
        self.seen[portion] = _mean_over_devices(loss.detach())
        if drawn.mask is not None:
            terms["mask_head"] = functional.mse_loss(drawn.mask, samples.mask.unsqueeze(1) / 255)
            loss = loss + self.settings.mask_weight * terms["mask_head"]
        if terms:
            means = _mean_over_devices(torch.stack([term.detach() for term in terms.values()]))
            self.terms[portion] = dict(zip(terms, means))
        return loss * self.settings.side_weights.get(portion.side, 1.0)

    def _show(self, portion: Portion, shown: Shown) -> dict[str, Tensor]:
        """Keep what discriminators will learn from, and return the terms of the loss that are theirs."""
        self.shown[portion] = shown.detached()
        return self.discriminators.fooling(portion.side, shown)

    def _masks(self, portion: Portion, mask: Tensor) -> dict[str, Tensor]:
        """Return the masks of a portion's samples by region."""
        face = mask.unsqueeze(1) / 255
        if not self.settings.objective.regional:
            return {"face": face}
        ellipses = self.settings.regions[portion.side].batch(self._first_here(portion), len(mask), self.now.warp)
        return region_masks(face, torch.from_numpy(ellipses))

    def _worst_first(self, portions: Sequence[Portion]) -> Sequence[Portion]:
        """Put the portion with the largest unweighted loss first.

        What the host does next depends on it, so the host waits for the device here, once per step of ``worse_first``.
        """
        self.ready = {portion: self._take([portion])[0] for portion in portions}
        return sorted(portions, key=lambda portion: -float(self.seen[portion]))

    def _update(self, sides: Sequence[str]) -> None:
        """Let the optimizers of ``sides`` use the gradients that wait, in that order."""
        for name in self.now.frozen:
            _drop_gradients(self.autoencoder.parts[name].parameters())
        losses = [(f"loss_{portion.side}", loss) for portion, loss in self.seen.items()]
        losses += [("loss_tie", distance) for distance in self.tied]
        self._use_gradients(f"the update of {' and '.join(sides)}", losses, partial(self.states.step, sides))
        self.ready = {}

    @torch.no_grad()
    def _drawn_now(self, portions: Sequence[Portion]) -> dict[Portion, Shown]:
        """Return what the autoencoder, as it is before a step, draws of the step's samples."""
        drawn = self._draw(portions)
        return {p: Shown(self._picture(self.batch[p].target), d.faces, d.code) for p, d in zip(portions, drawn)}

    def _teach(self, shown: Mapping[Portion, Shown], first: bool) -> None:
        """Let discriminators learn from all samples of this step, in one update of their own.

        As the last of the step, what the autoencoder was trained on is there already, of all sides under every order,
        and is not drawn again; DeepFaceLab has this order. faceswap-GAN lets its discriminators learn first, on samples
        of their own.
        """
        sides = dict.fromkeys(portion.side for portion in shown)
        told = self.discriminators.take_gradients(
            {side: Shown.joined([seen for p, seen in shown.items() if p.side == side]) for side in sides}, first
        )
        for p in self.discriminators.parameters():
            p.grad = None if p.grad is None else _mean_over_devices(p.grad)
        told = {name: _mean_over_devices(loss) for name, loss in told.items()}
        self.told |= told
        self._use_gradients("the update of the discriminators", told.items(), partial(self.discriminators.step, first))

    def _use_gradients(self, what: str, losses: Iterable[tuple[str, Tensor]], step: Callable[[], None]) -> None:
        """Let optimizers use the gradients that wait, if all is finite, then drop the gradients."""
        norm = _norm([p.grad for p in self.parameters if p.grad is not None], self.parameters[0].device)
        self.watch.take(self.step, [*losses, (f"the gradient's norm in {what}", norm)])
        if self.settings.gradient_clip is not None:
            nn.utils.clip_grads_with_norm_(self.parameters, self.settings.gradient_clip, norm)
        if self.settings.lr_dropout is None:
            step()
        else:
            self._step_partly(step, self.settings.lr_dropout)
        self.updates += 1
        _drop_gradients(self.parameters)

    def _step_partly(self, step: Callable[[], None], share: float) -> None:
        """Make an update, and take back the steps of those weights that are not drawn; all moments go on.

        Learning rate dropout (Lin et al. 2019, arXiv 1912.00144). The draws are made on the CPU, so every device and
        every process has the same.
        """
        before = [(p, p.detach().clone()) for p in self.parameters if p.grad is not None]
        step()
        draws = torch.Generator().manual_seed(seed_of(self.plan.seed, "lr_dropout", self.step, self.updates))
        with torch.no_grad():
            for p, old in before:
                moves = torch.rand(p.shape, generator=draws) < share
                p.copy_(torch.where(moves.to(p.device), p, old))

    def _set_learning_rate(self, lr: float) -> None:
        for optimizer in self.states.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr
        self.discriminators.set_learning_rate(lr)

    def _picture(self, pixels: Tensor) -> Tensor:
        seen = picture(pixels)
        return seen if self.settings.channels_last else seen.contiguous()

    def _first_here(self, portion: Portion) -> int:
        """Return the index of the first sample of a portion that this device has."""
        rank = distributed.get_rank() if distributed.is_initialized() else 0
        return portion.first + rank * len(self.batch[portion].input)


def picture(pixels: Tensor) -> Tensor:
    """(N, r, r, 3) uint8 -> (N, 3, r, r) float32 in [0, 1], channels last in memory: a fifth faster on a CPU."""
    return pixels.permute(0, 3, 1, 2) / 255


def _norm(gradients: list[Tensor], device: torch.device) -> Tensor:
    """torch.nn.utils.get_total_norm for tensors of one device and type: it sorts them first, a quarter of its time."""
    if not gradients:  # all that this update reaches is frozen
        return torch.zeros((), device=device)
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))


def _drop_gradients(parameters: Iterable[nn.Parameter]) -> None:
    for p in parameters:
        p.grad = None


def _mean_over_devices(value: Tensor) -> Tensor:
    if not distributed.is_initialized():
        return value
    total = value.clone()
    distributed.all_reduce(total)
    return total / distributed.get_world_size()
