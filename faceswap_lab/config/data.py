"""The groups that say what it is trained on: faces, and what is drawn anew for every sample."""

from dataclasses import dataclass
from typing import Any

from faceswap_lab.config.fields import label, setting

COLOUR_TRANSFERS = ("reinhard", "lct", "mkl", "idt")
"""The options of ``colour_match`` that are drawn for each sample."""


TYPED_FOLDERS = ("data.a", "data.b", "data.more")
"""The settings that name a person's folder, or several."""


def _sampler() -> Any:
    """Describe the field that all data have. Its choices make the same pixels but for a rounding here and there."""
    return setting(
        "where samples are interpolated: cv2: the CPU; device: the training device, where the faces then live; auto: "
        "device on a CUDA GPU where both sides' faces need at most half of the free memory, else cv2",
        choices=("auto", "cv2", "device"),
        identity=False,
    )


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What is drawn anew for every training sample. Lengths are in pixels of a 256 px face, as in 2018."""

    name: str = label("the option's name")
    rotation: float = setting("largest rotation, in degrees", low=0.0, high=180.0)
    zoom: float = setting("largest zoom, as a fraction of the size", low=0.0, high=0.9)
    shift: float = setting("largest shift, as a fraction of the side", low=0.0, high=0.5)
    flip: float = setting("probability of a mirror image", low=0.0, high=1.0)
    jitter: float = setting(
        "standard deviation of the grid's points, in pixels of a 256 px face (of cells: divided by their number; of "
        "landmarks: that of each of them)",
        low=0.0,
        high=64.0,
    )
    coverage: float = setting("side of the warped square as a fraction of the face picture", low=0.1, high=1.0)
    misaligned: bool = setting("keep the half output pixel by which 2018 set input and target apart")
    two_stage: bool = setting("interpolate twice, as 2018 did; costs time and sharpness")
    grid: float | None = setting(
        "side of the warp's grid as a fraction of the face picture, at least coverage; null: coverage",
        low=0.1,
        high=4.0,
        later=None,
    )
    fitted: bool = setting(
        "true: the target is the similarity nearest to the warp; false: the picture before the warp", later=True
    )
    nodes: str = setting(
        "5x5: a grid of so many points; dfl_cells: 2, 4 or 8 cells a side, drawn for each sample; its edge stays; "
        "landmarks: moved to those of one of the 10 nearest training faces of the next side (of the last one: A)",
        choices=("5x5", "dfl_cells", "landmarks"),
        later="5x5",
    )
    photometric: tuple[dict[str, Any], ...] = setting("albumentations pixel transforms: [{name: …, p: …}]")
    photometric_input: tuple[dict[str, Any], ...] = setting(
        "likewise, of the finished input alone: the target is what it was", later=()
    )
    flips: tuple[float, ...] = setting(
        "probabilities of a mirror image of A's faces, B's, …; of a side that is not given: flip",
        low=0.0,
        high=1.0,
        later=(),
    )


@dataclass(frozen=True, kw_only=True)
class ColourMatch:
    """Whether A's colours are moved towards B's."""

    name: str = setting(
        "none; mean_a_to_b: A's mean colour moved to B's (the 2017 scripts); others: name in "
        "faceswap_lab.data.colours.TRANSFERS: each sample's colours moved to those of a random face of the other side",
        choices=("none", "mean_a_to_b", *COLOUR_TRANSFERS),
    )
    moves: str = setting(
        "whose samples get the colours of a random face of the other side (A or B)", choices=("A", "B"), later="A"
    )


@dataclass(frozen=True, kw_only=True)
class RenderedData:
    """What all rendered faces are told: the true swap is known."""

    faces: int = setting("training faces per side", low=2, high=10_000_000)
    held_out: int = setting(
        "held-out states, rendered for all sides: the truth; R@5 is 5 in so many by chance", low=20, high=2_048
    )
    pose: str = setting("whether both sides are trained on the same range of poses", choices=("equal", "disjoint"))
    light: str = setting("whether both sides are trained under the same range of light", choices=("equal", "disjoint"))
    background: str = setting("what stands behind a face", choices=("varied", "per_person", "plain"))
    states: str = setting(
        "own: each side is trained on states of its own, as faces of real people are; shared: all sides on the same",
        choices=("own", "shared"),
        later="own",
    )
    sampler: str = _sampler()


@dataclass(frozen=True, kw_only=True)
class TwinsData(RenderedData):
    """Rendered people by name."""

    name: str = setting("twins")
    identity_a: str = setting("who A is: a preset's name, person-<n> or random-<seed>")
    identity_b: str = setting("who B is: a preset's name, person-<n> or random-<seed>")
    identities: tuple[str, ...] = setting(
        "who A, B, C, … are, 2 to 26 people, in place of identity_a and identity_b; empty: these two", absent=()
    )
    seed: int = setting(
        "seed of the states that are drawn; apart from the run's seed, so that runs share the pictures", low=0
    )

    @property
    def people(self) -> tuple[str, ...]:
        """Who A, B, C, … are."""
        return self.identities or (self.identity_a, self.identity_b)

    @property
    def overrides(self) -> str:
        """How a command line says who they are."""
        if self.identities:
            return f"data.identities=[{','.join(self.identities)}]"
        return f"data.identity_a={self.identity_a} data.identity_b={self.identity_b}"


@dataclass(frozen=True, kw_only=True)
class PeopleData(RenderedData):
    """Rendered people drawn by the run's seed, and so are the states they are shown in: what holds for people."""

    name: str = setting("people")
    population: str = setting(
        "whom people are drawn from: development, on which recipes may be tuned; confirmation, for evidence alone",
        choices=("development", "confirmation"),
    )
    sides: int = setting("how many people: A, B, C, …", low=2, high=26)
    extra: int = setting(
        "how many people more are trained beside them, who are the same people without them; the last sides are theirs",
        low=0,
        high=6,
        later=0,
    )
    group: int | None = setting(
        "which people; null: those of the run's seed; a number: these, whatever the seed", low=0
    )
    glasses: str = setting("who wears glasses", choices=("any", "none", "all"))
    beard: str = setting("who has a beard", choices=("any", "none", "all"))
    hair: str = setting("the hair of all", choices=("any", "none", "short", "long"))
    skin: str = setting(
        "the skin of all: light, dark; or of two people: alike, different",
        choices=("any", "light", "dark", "alike", "different"),
    )
    likeness: str = setting("the shape of two people's faces", choices=("any", "alike", "unlike"))


@dataclass(frozen=True, kw_only=True)
class FoldersData:
    """A person's own aligned face pictures; no true swap is known."""

    name: str = setting("folders")
    a: str = label("folder with aligned face pictures of A")
    b: str = label("folder with aligned face pictures of B")
    more: tuple[str, ...] = label("folders of C, D, …, where more than two people are trained", ())
    held_out: float = setting(
        "share of a side's pictures that is never trained on, up to 0.9, or their number, such as 40; 2,048 a side are "
        "judged at most",
        above=0.0,
        high=10_000_000,
    )
    split: str = setting(
        "which pictures are held out: leak_free: films by blocks of time, and nothing trained on looks like them; "
        "pictures: by chance, whatever they look like",
        choices=("leak_free", "pictures"),
        absent="pictures",
    )
    sampler: str = _sampler()

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders of A, B, C, …"""
        return (self.a, self.b, *self.more)
