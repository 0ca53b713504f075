"""Data classes that cost nothing until they are used, with the interface of `dataclasses`.

Importing `dataclasses` takes as long as starting Python, and each class that it makes takes another millisecond,
because it writes and compiles every method at once; half of a run on one file went there. For type checkers these
are the originals. When running, `__init__` is compiled when a class is first instantiated, the rest is shared code,
and `frozen` is left to the type checker, which makes instances cheaper, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["dataclass", "field", "fields", "replace"]

if TYPE_CHECKING:
    from dataclasses import dataclass, field, fields, replace
else:
    from operator import attrgetter

    class Field:
        """A field's name and default: a value, a factory (`made`), or neither (`required`)."""

        __slots__ = ("default", "made", "name", "required")
        init = True  # this and the next: what `dataclasses.replace` asks for, so that it works, too
        _field_type = None

        def __init__(self, name, default=None, made=None, required=False):
            self.name = name
            self.default = default
            self.made = made
            self.required = required

    def field(*, default_factory):
        """A field whose default is made anew for each instance."""
        return Field("", made=default_factory)

    def fields(cls):
        """The fields of a class, in their order."""
        return tuple(cls.__dataclass_fields__.values())

    def replace(record, /, **changes):
        """A copy of `record` with some fields changed."""
        cls = record.__class__
        for name in cls.__match_args__:  # data classes of the standard library have them, too
            if name not in changes:
                changes[name] = getattr(record, name)
        return cls(**changes)

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True, order=False):
        """Make a data class of the annotated names in the class's body."""
        if cls is None:
            return lambda cls: _made(cls, frozen, slots, eq, order)
        return _made(cls, frozen, slots, eq, order)

    def _made(cls, frozen, slots, eq, order):
        own = {}
        # inspect.get_annotations would be the public way, but importing it is what we are here to avoid.
        for name, annotation in cls.__dict__.get("__annotations__", {}).items():  # noqa: RUF063
            if annotation.startswith("ClassVar"):
                continue
            if name not in cls.__dict__:
                own[name] = Field(name, required=True)
            elif isinstance(default := cls.__dict__[name], Field):
                own[name] = Field(name, made=default.made)
            else:
                own[name] = Field(name, default)
        inherited = [vars(base).get("__dataclass_fields__", {}) for base in reversed(cls.__mro__)]
        all_fields = {name: item for base in [*inherited, own] for name, item in base.items()}
        if slots:
            cls = _with_slots(cls, own)
        cls.__dataclass_fields__ = all_fields
        cls.__match_args__ = tuple(all_fields)
        cls.__init__ = _first_init(cls)
        if "__repr__" not in cls.__dict__:
            cls.__repr__ = _repr
        if eq and "__eq__" not in cls.__dict__:
            _add_comparisons(cls, tuple(all_fields), frozen, order)
        return cls

    def _with_slots(cls, own):
        body = {key: value for key, value in cls.__dict__.items() if key not in own}
        body.pop("__dict__", None)
        body.pop("__weakref__", None)
        body["__slots__"] = tuple(own)
        made = type(cls)(cls.__name__, cls.__bases__, body)
        made.__qualname__ = cls.__qualname__
        return made

    def _first_init(cls):
        def __init__(self, *args, **kwargs):  # noqa: N807
            cls.__init__ = _init(cls)
            cls.__init__(self, *args, **kwargs)

        return __init__

    def _init(cls):
        parameters, body, names = ["self"], [], {}
        for name, item in cls.__dataclass_fields__.items():
            value = name
            if item.required:
                parameters.append(name)
            else:
                parameters.append(f"{name}=_default_{name}")
                names[f"_default_{name}"] = None if item.made else item.default
                if item.made:
                    names[f"_made_{name}"] = item.made
                    value = f"_made_{name}() if {name} is None else {name}"
            body.append(f"    self.{name} = {value}")
        if hasattr(cls, "__post_init__"):
            body.append("    self.__post_init__()")
        exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(body or ["    pass"]), names)
        init = names["__init__"]
        init.__qualname__ = f"{cls.__qualname__}.__init__"
        return init

    def _repr(self):
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__dataclass_fields__)
        return f"{self.__class__.__qualname__}({shown})"

    def _add_comparisons(cls, names, frozen, order):
        values = attrgetter(*names) if names else lambda record: ()

        def __eq__(self, other):  # noqa: N807
            if other.__class__ is not self.__class__:
                return NotImplemented
            return values(self) == values(other)

        def __lt__(self, other):  # noqa: N807
            if other.__class__ is not self.__class__:
                return NotImplemented
            return values(self) < values(other)

        def __hash__(self):  # noqa: N807
            return hash(values(self))

        cls.__eq__ = __eq__
        cls.__hash__ = __hash__ if frozen else None
        if order:
            cls.__lt__ = __lt__
            cls.__gt__ = lambda self, other: __lt__(other, self)
            cls.__le__ = lambda self, other: not __lt__(other, self)
            cls.__ge__ = lambda self, other: not __lt__(self, other)
