"""What must hold between the settings of faces, and of what is drawn anew for every sample."""

from faceswap_lab.config.data import COLOUR_TRANSFERS, FoldersData, PeopleData, RenderedData, TwinsData
from faceswap_lab.config.derived import sides_of
from faceswap_lab.config.schema import Config
from faceswap_lab.refusal import ConfigError

MOST_PEOPLE = 26  # sides are called A to Z
_OF_TWO = (  # settings of data, which of their values mean two people, and what all others can have
    ("pose", ("disjoint",), "equal"),
    ("light", ("disjoint",), "equal"),
    ("skin", ("alike", "different"), "any"),
    ("likeness", ("alike", "unlike"), "any"),
)


def check_data(config: Config) -> None:
    """Raise ConfigError for the first of these that does not hold."""
    _people(config)
    _states(config)
    _held_out(config)
    _sampler(config)
    _augmentation(config)


def _people(config: Config) -> None:
    if isinstance(config.data, TwinsData):
        _named(config.data)
    if isinstance(config.data, PeopleData) and config.data.sides + config.data.extra > MOST_PEOPLE:
        raise ConfigError(
            f"data.sides={config.data.sides} with data.extra={config.data.extra}: there can be {MOST_PEOPLE} people in "
            f"all. Use data.sides={MOST_PEOPLE - config.data.extra} or fewer."
        )
    people = len(sides_of(config))
    for key, values, remedy in _OF_TWO if people > 2 else ():
        value = getattr(config.data, key, None)
        if value in values:
            raise ConfigError(
                f"data.{key}={value} with {people} people: that is said of two. Use data.{key}={remedy}, or two people."
            )


def _states(config: Config) -> None:
    data = config.data
    if not isinstance(data, RenderedData) or data.states == "own":
        return
    for key, of_all in (("pose", ("equal",)), ("light", ("equal",)), ("background", ("varied", "plain"))):
        value = getattr(data, key)
        if value not in of_all:
            raise ConfigError(
                f"data.states={data.states} with data.{key}={value}: what differs from side to side is no shared "
                f"state. Use data.{key}={of_all[0]}, or data.states=own."
            )


def _named(data: TwinsData) -> None:
    people = data.people
    if not 2 <= len(people) <= MOST_PEOPLE:
        raise ConfigError(
            f"{data.overrides}: {len(people)} of them; a swap needs 2 people, and there can be {MOST_PEOPLE}. "
            "Such as data.identities=[ada,ben,cleo]."
        )
    twice = [name for name in people if people.count(name) > 1]
    if twice:
        raise ConfigError(
            f"{data.overrides}: {twice[0]} is there twice, and a swap needs different people. "
            f"Name somebody else, such as {'ben' if twice[0] != 'ben' else 'cleo'} or random-1."
        )


def _held_out(config: Config) -> None:
    if not isinstance(config.data, FoldersData):
        return
    share = config.data.held_out
    if share > 0.9 and (share < 1 or share != int(share)):
        raise ConfigError(
            f"data.held_out={share}: a share of the pictures, up to 0.9, or a whole number of them, such as 40."
        )


def _sampler(config: Config) -> None:
    a, colours = config.augmentation, config.colour_match.name
    asked = {
        "augmentation.two_stage=true": a.two_stage,
        f"augmentation.photometric={list(a.photometric)}": a.photometric,
        f"augmentation.photometric_input={list(a.photometric_input)}": a.photometric_input,
        f"colour_match={colours}": colours in COLOUR_TRANSFERS,
    }
    wanted = [setting for setting, is_wanted in asked.items() if is_wanted]
    if config.data.sampler == "device" and wanted:
        raise ConfigError(
            f"data.sampler=device with {wanted[0]}: that is made on the CPU only. "
            "Use data.sampler=auto or data.sampler=cv2."
        )


def _augmentation(config: Config) -> None:
    flips, sides, colours = config.augmentation.flips, sides_of(config), config.colour_match
    if len(flips) > len(sides):
        raise ConfigError(
            f"augmentation.flips={list(flips)}: there are {len(sides)} sides ({', '.join(sides)}), and one number each "
            "at most. Leave some out."
        )
    grid, coverage = config.augmentation.grid, config.augmentation.coverage
    if grid is not None and grid < coverage:
        raise ConfigError(
            f"augmentation.grid={grid:g}: the network sees augmentation.coverage={coverage:g} of the picture, and the "
            "grid must reach as far. Give as much or more, or null."
        )
    if colours.moves != "A" and colours.name not in COLOUR_TRANSFERS:
        raise ConfigError(
            f"colour_match.moves={colours.moves} with colour_match={colours.name}: that is said of a transfer that is "
            f"drawn for each sample. Use colour_match={' or '.join(COLOUR_TRANSFERS)}, or leave it A."
        )
