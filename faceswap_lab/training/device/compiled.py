"""torch.compile for the parts: the same weights under the same names, fewer and faster kernels."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from faceswap_lab.models.autoencoder import Autoencoder

_COMPILERS = ("torch._dynamo", "torch._inductor")  # whose errors are of no public class
_OPTIONS: dict[str, dict[str, Any]] = {"default": {}, "cudagraphs": {"mode": "reduce-overhead"}}


class CompileFailed(RuntimeError):
    """torch could not compile the model."""


def compile_parts(autoencoder: Autoencoder, how: str, backend: str | Callable[..., Any] = "inductor") -> None:
    """Have each part compiled when training first calls it.

    Args:
        autoencoder: changed in place: calls of its parts go through torch.compile, all else stays as it is.
        how: ``trainer.compile``: none, default, or cudagraphs.
        backend: torch.compile's.
    """
    if how == "none":
        return
    torch.compiler.reset()  # or a sweep's earlier cells would count towards torch's limit of variants of one function
    for part in autoencoder.parts.values():
        part.compile(backend=backend, **_OPTIONS[how])


def as_written(how: str) -> AbstractContextManager[object]:
    """Run what is compiled as it is written while the body runs: a run is judged by one code, however it is trained."""
    return nullcontext() if how == "none" else torch.compiler.set_stance("force_eager")


@contextmanager
def explaining(how: str) -> Iterator[None]:
    """Say of a compilation that fails in the body what can be done about it.

    Raises:
        CompileFailed: in the place of torch's own error.
    """
    try:
        yield
    except Exception as error:
        if how == "none" or not type(error).__module__.startswith(_COMPILERS):
            raise
        cause = getattr(error, "inner_exception", error)
        short = f"{type(cause).__name__}: {(str(cause).splitlines() or [''])[0]}"
        raise CompileFailed(
            f"trainer.compile={how}: torch could not compile the model ({short}). It needs a C++ compiler such as g++ "
            "on a CPU, and Triton on a GPU. Use trainer.compile=none."
        ) from error
