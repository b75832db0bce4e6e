"""The faces a configuration names. Nothing here loads torch, and NumPy only where there are faces to be had."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from faceswap_lab.config import (
    Config,
    ConfigError,
    FoldersData,
    PeopleData,
    RenderedData,
    TwinsData,
    draws_masks,
    terms_of,
)
from faceswap_lab.runs.atomic import StorageError

if TYPE_CHECKING:
    from faceswap_lab.data.faces import FaceData

_MASKED = 0.9  # the share of a side's pictures that must have a mask: to what has none all is face
STORED = 4  # pixels kept per pixel the network sees, each way; 2018: 256 px for a network of 64 px


def faces_of(config: Config) -> "FaceData":
    """Load or render the faces.

    Raises:
        ConfigError: what the configuration names is not there or cannot be used.
        StorageError: the cache cannot be written or read.
    """
    from faceswap_lab.data.cache import CacheError

    load = _rendered if isinstance(config.data, RenderedData) else _folders
    try:
        return load(config, config.data)  # type: ignore[arg-type]
    except CacheError as error:
        raise StorageError(str(error)) from error
    except ValueError as error:
        raise error if isinstance(error, ConfigError) else ConfigError(f"data: {error}") from error


def check_identities(config: Config) -> None:
    """Refuse people that nobody can draw, that are the same person under two names, or of whom there are too few."""
    from faceswap_lab.data.people import known_to_the_judge
    from faceswap_lab.data.twin_sets import different_people

    if not isinstance(config.data, RenderedData):
        return
    try:
        people = people_of(config, config.data)
        different_people(people)
        if known := [name for name in people if known_to_the_judge(name)]:
            raise ValueError(f"{known[0]} is one of those whom the judge of identities was made with; name another")
    except ValueError as error:
        said = config.data.overrides if isinstance(config.data, TwinsData) else "data"
        raise ConfigError(f"{said}: {error}") from error


def check_judges(config: Config) -> None:
    """Refuse a run of rendered people that asks for the judges of real ones where these are not installed."""
    if not config.evaluation.real_judges:
        return
    from faceswap_lab.faces.model_files import ModelMissing, model_file

    try:
        model_file("detector"), model_file("mesh"), model_file("sface")
    except ModelMissing as error:
        raise ConfigError(f"evaluation.real_judges=true: {error}") from error


def people_of(config: Config, data: RenderedData) -> Sequence[str]:
    """Return the names of the rendered people: as given, or as the run's seed draws them.

    Raises:
        ValueError: the population has not so many as are asked for.
    """
    from faceswap_lab.data.people import Restriction, drawn_people, extra_people

    if isinstance(data, TwinsData):
        return data.people
    assert isinstance(data, PeopleData)
    restriction = Restriction(data.glasses, data.beard, data.hair, data.skin, data.likeness)
    group = config.seed if data.group is None else data.group
    drawn = drawn_people(data.population, group, data.sides, restriction)
    return [*drawn, *extra_people(data.population, group, data.extra, data.sides, restriction)]


def renderer() -> str:
    """Return what stands for the content of rendered faces, which are not looked at to know which run it is."""
    from faceswap_lab.twins import RENDERER_VERSION

    return f"twins, renderer {RENDERER_VERSION}"


def _rendered(config: Config, data: RenderedData) -> "FaceData":
    from faceswap_lab.data.twin_sets import load_twins

    return load_twins(
        people=people_of(config, data),
        faces=data.faces,
        held_out=data.held_out,
        size=_stored(config),
        seed=data.seed if isinstance(data, TwinsData) else config.seed,
        pose=data.pose,  # type: ignore[arg-type]  # judged at the door, as are the next two
        light=data.light,  # type: ignore[arg-type]
        background=data.background,  # type: ignore[arg-type]
        shared=data.states == "shared",
        cache_dir=config.cache_dir,
        cache_bytes=None if config.cache_gib is None else int(config.cache_gib * 2**30),
        progress=config.progress,
    )


def _stored(config: Config) -> int:
    """Return the side of stored faces, in pixels.

    People are rendered no larger than is needed: the smallest doubling of what the network sees whose crop has all of
    its pixels. Each pair is rendered anew, and a quarter of the pixels is half of the time.
    """
    size = config.model.resolution
    if isinstance(config.data, TwinsData):
        return STORED * size
    stored = size
    while stored * config.augmentation.coverage < size:
        stored *= 2
    return stored


def _folders(config: Config, data: FoldersData) -> "FaceData":
    from faceswap_lab.data.folders import load_folders
    from faceswap_lab.data.sampler import least_side
    from faceswap_lab.faces.counting import count_faces

    size, coverage = config.model.resolution, config.augmentation.coverage
    found = load_folders(
        folders=data.folders,
        held_out=int(data.held_out) if data.held_out >= 1 else data.held_out,
        rule=data.split,  # type: ignore[arg-type]  # judged at the door
        size=STORED * size,
        smallest=min(2 * size, least_side(size, coverage)),  # earlier versions asked for the former of all
        coverage=coverage,
        cache_dir=config.cache_dir,
        progress=config.progress,
        further=partial(count_faces, progress=config.progress),
    )
    check_pictures(config, found)
    return found


def check_pictures(config: Config, found: "FaceData") -> None:
    """Refuse what needs masks or landmarks where pictures have none.

    Raises:
        ConfigError: it names what lacks them.
    """
    _check_masks(config, found)
    _check_landmarks(config, found)


def _check_masks(config: Config, found: "FaceData") -> None:
    """Refuse what needs masks where pictures have none: a loss under them would be the plain loss by another name."""
    assert found.masked is not None
    terms = terms_of(config.loss, config.model.resolution).values()
    needs = {
        ("the loss weighs the face by its mask", "loss=mae"): any(term.mask_weight for term in terms),
        ("a decoder learns to draw the mask", "model.mask_head=[] loss.weight_mask=1"): draws_masks(config),
    }
    wanting = [use for use, is_wanted in needs.items() if is_wanted]
    counts = {side: len(found.train[side]) + len(found.held_out[side]) for side in found.sides}
    if wanting and any(found.masked[side] < _MASKED * counts[side] for side in found.sides):
        have = " and ".join(f"{found.masked[side]} of {count} pictures of {side}" for side, count in counts.items())
        uses, remedies = zip(*wanting)
        raise ConfigError(
            f"{' and '.join(uses)}, and {have} have one. Add {' '.join(remedies)}, which needs none, or cut the "
            "faces out with their masks: python -m faceswap_lab faces"
        )


def _check_landmarks(config: Config, found: "FaceData") -> None:
    """Refuse a warp by landmarks where a picture has none."""
    assert found.landmarks is not None
    if config.augmentation.nodes != "landmarks":
        return
    import numpy as np

    lacking = {side: int(np.isnan(points).any(axis=(1, 2)).sum()) for side, points in found.landmarks.items()}
    if any(lacking.values()):
        have_none = " and ".join(f"{lacking[side]} of {len(found.train[side])} of {side}" for side in found.sides)
        raise ConfigError(
            f"augmentation.nodes=landmarks: of the training pictures {have_none} have no landmarks. Cut the faces out "
            "with them, python -m faceswap_lab faces, or choose another warp, such as augmentation=warp_2018."
        )
