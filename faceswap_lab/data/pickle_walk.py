"""Read the plain values inside a pickle without executing anything: a stranger's file may hold a malicious one.

A pickle is a program for a stack machine. This is that machine without the means to import or to call: where the
program asks for either, a ``Call`` or a ``Name`` is left as a mere description. ``pickletools.genops`` of the standard
library takes the program apart; no bytes reach ``pickle`` itself.
"""

import pickletools
from dataclasses import dataclass, field
from typing import Any

_MOST_OPERATIONS = 200_000


class UnreadablePickle(ValueError):
    """These bytes are no pickle, or one that says more than plain values."""


@dataclass(frozen=True)
class Name:
    """Something that the pickle would import, by its full name. Nothing is imported."""

    full: str


@dataclass
class Call:
    """Something that the pickle would call, with what, and the state it would set. Nothing is called."""

    name: str
    arguments: tuple[Any, ...]
    state: Any = field(default=None)


def walk(data: bytes) -> Any:
    """Return what a pickle describes: None, bool, int, float, str, bytes, list, tuple, dict, `Name` and `Call`.

    Raises:
        UnreadablePickle: it is broken, endless, or uses what plain values do not need.
    """
    machine = _Machine()
    try:
        for count, (operation, argument, _) in enumerate(pickletools.genops(data)):
            if count > _MOST_OPERATIONS:
                raise UnreadablePickle(f"more than {_MOST_OPERATIONS:,} operations")
            if operation.name == "STOP":
                return machine.stack[-1]
            machine.perform(operation.name, argument)
    except UnreadablePickle:
        raise
    except Exception as error:  # broken bytes reach any line of genops, and an odd program any line of the machine
        raise UnreadablePickle(f"{type(error).__name__}: {error}") from error
    raise UnreadablePickle("it does not end")


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}
_LITERALS = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
}  # fmt: skip
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_GETS, _PUTS = {"GET", "BINGET", "LONG_BINGET"}, {"PUT", "BINPUT", "LONG_BINPUT"}
_NOTHING = {"PROTO", "FRAME"}


class _Machine:
    """The stack, the marks on it, and the memo."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def perform(self, name: str, argument: Any) -> None:
        """Perform one operation that builds plain values; refuse any other."""
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            self.stack.append(tuple(self._taken(len(self.stack) - _TUPLES[name])))
        elif name in _PUTS:
            self.memo[int(argument)] = self.stack[-1]
        elif name in _GETS:
            self.stack.append(self.memo[int(argument)])
        elif name not in _NOTHING:
            getattr(self, f"_{name.lower()}", self._refused(name))(argument)

    def _refused(self, name: str) -> Any:
        def refuse(_: Any) -> None:
            raise UnreadablePickle(f"the operation {name} builds no plain value")

        return refuse

    def _taken(self, start: int) -> list[Any]:
        if start < 0:
            raise UnreadablePickle("it takes from an empty stack")
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def _marked(self) -> list[Any]:
        return self._taken(self.marks.pop())

    def _mark(self, _: Any) -> None:
        self.marks.append(len(self.stack))

    def _memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def _tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._marked()))

    def _list(self, _: Any) -> None:
        self.stack.append(self._marked())

    def _append(self, _: Any) -> None:
        (value,) = self._taken(len(self.stack) - 1)
        self._on_top(list).append(value)

    def _appends(self, _: Any) -> None:
        values = self._marked()
        self._on_top(list).extend(values)

    def _dict(self, _: Any) -> None:
        items = self._marked()
        self.stack.append(dict(zip(items[::2], items[1::2], strict=True)))

    def _setitem(self, _: Any) -> None:
        key, value = self._taken(len(self.stack) - 2)
        self._on_top(dict)[key] = value

    def _setitems(self, _: Any) -> None:
        items = self._marked()
        self._on_top(dict).update(zip(items[::2], items[1::2], strict=True))

    def _global(self, argument: str) -> None:
        self.stack.append(Name(".".join(argument.split(" "))))

    def _stack_global(self, _: Any) -> None:
        module, name = self._taken(len(self.stack) - 2)
        self.stack.append(Name(f"{module}.{name}"))

    def _reduce(self, _: Any) -> None:
        called, arguments = self._taken(len(self.stack) - 2)
        if not isinstance(called, Name) or not isinstance(arguments, tuple):
            raise UnreadablePickle("it calls what is no name")
        self.stack.append(Call(called.full, arguments))

    def _build(self, _: Any) -> None:
        (state,) = self._taken(len(self.stack) - 1)
        self._on_top(Call).state = state

    def _on_top(self, kind: type) -> Any:
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise UnreadablePickle(f"it changes what is no {kind.__name__}")
        return self.stack[-1]
