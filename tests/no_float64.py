"""A GPU without float64, as Apple's is: what a training does there can be tried on any machine."""

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


class NoFloat64(TorchFunctionMode):
    """Refuses to make float64 of a tensor that was not brought to the CPU by name, as torch does on MPS."""

    def __init__(self):
        super().__init__()
        self.brought = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if func is Tensor.cpu:
            self.brought.append(made := made.clone())  # of a tensor that lies there already it is the tensor itself
        elif isinstance(made, Tensor) and made.dtype == torch.float64:
            of_device = [one for one in args[:1] if isinstance(one, Tensor) and one.dtype != torch.float64]
            assert all(any(one is other for other in self.brought) for one in of_device), "no float64 on MPS"
        return made
