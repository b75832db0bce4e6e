"""Do intervals over seeds and held-out pictures hold where trainings and moments of a film are both drawn anew?"""

import numpy as np
from simulations.tables import table

from faceswap_lab.studies.statistics.crossed import Blocks, over_seeds_and_blocks
from faceswap_lab.studies.statistics.intervals import mean_interval

WORLDS = {  # standard deviations: of a seed's luck, of a block's, and of both together
    "seeds and blocks alike": (1.0, 1.0, 1.0),
    "seeds alone": (1.0, 0.0, 1.0),
    "blocks alone": (0.0, 1.0, 1.0),
    "neither alone": (0.0, 0.0, 1.0),
}


def report(studies: int) -> str:
    rows = [
        [seeds, blocks, name, *coverage(seeds, blocks, spread, studies)]
        for seeds, blocks in ((3, 5), (8, 4), (8, 16), (8, 40))
        for name, spread in WORLDS.items()
    ]
    return table(["seeds", "blocks", "what varies", "over seeds and pictures", "over seeds alone"], rows)


def coverage(seeds: int, blocks: int, spread: tuple[float, float, float], studies: int) -> tuple[float, float]:
    """Return in how many per cent of studies each interval holds; blocks have 4 to 12 pictures."""
    rng = np.random.default_rng(11)
    both, alone = 0, 0
    for _ in range(studies):
        luck = rng.standard_normal((seeds, 1)), rng.standard_normal(blocks), rng.standard_normal((seeds, blocks))
        values = Blocks(sum(sd * noise for sd, noise in zip(spread, luck)), rng.integers(4, 13, blocks))
        low, high = over_seeds_and_blocks(values)
        both += low <= 0 <= high
        low, high = mean_interval(values.means @ values.sizes / values.sizes.sum())
        alone += low <= 0 <= high
    return 100 * both / studies, 100 * alone / studies
