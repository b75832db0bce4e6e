"""A run that gets SIGTERM at its sixth training step: ``python -m benchmarks.gpu.interrupted WORDS``."""

import signal
import sys

from faceswap_lab.__main__ import main
from faceswap_lab.training.module import FaceswapModule

AT = 6

if __name__ == "__main__":
    step, made = FaceswapModule.training_step, 0

    def struck(*arguments, **named):
        global made
        made += 1
        if made == AT:
            signal.raise_signal(signal.SIGTERM)
        return step(*arguments, **named)

    FaceswapModule.training_step = struck
    sys.exit(main(sys.argv[1:]))
