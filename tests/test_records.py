"""Our data classes behave as those of the standard library, as far as the project uses them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from dataclasses import dataclass as original
from typing import Any, ClassVar

import pytest

from advisor import records


def _classes(dataclass: Any, field: Any) -> tuple[Any, Any, Any]:
    @dataclass(frozen=True, slots=True, order=True)
    class Point:
        x: int
        y: int = 0

    @dataclass(slots=True)
    class Open:
        names: list[str] = field(default_factory=list)
        kind: ClassVar[str] = "open"

        @property
        def first(self) -> str:
            return self.names[0]

    @dataclass(frozen=True)
    class Child(Point):
        z: str = "z"

    return Point, Open, Child


PAIRS = [_classes(records.dataclass, records.field), _classes(original, dataclasses.field)]


@pytest.mark.parametrize(("point", "open_", "child"), PAIRS, ids=["ours", "original"])
def test_ours_do_what_the_originals_do(point: Any, open_: Any, child: Any) -> None:
    assert point(1) == point(x=1, y=0) != point(2)
    assert hash(point(1)) == hash(point(1, 0))
    assert sorted([point(2), point(1, 5), point(1)]) == [point(1), point(1, 5), point(2)]
    assert point(1) <= point(1)
    assert point(1) >= point(0)
    assert repr(point(1)).endswith("Point(x=1, y=0)")
    with pytest.raises(TypeError):
        point()
    with pytest.raises(TypeError):
        point(1, 2, 3)
    with pytest.raises(TypeError):
        point(1, nothing=2)
    with pytest.raises(TypeError):
        sorted([point(1), child(1)])
    assert open_().names is not open_().names
    assert open_(["a"]).first == "a"
    assert open_.kind == "open"
    with pytest.raises(TypeError):
        hash(open_())
    with pytest.raises(AttributeError):
        open_().other = 1
    assert child(1, z="q").z == "q"
    assert child(1) != point(1)
    assert dataclasses.replace(child(1), y=7) == records.replace(child(1), y=7) == child(1, 7)
    match child(1, 2):
        case child(x, y, z):
            assert (x, y, z) == (1, 2, "z")
    assert copy.copy(point(3)) == point(3)


@records.dataclass(frozen=True, slots=True)
class Sent:
    """A class that pickle finds by its name."""

    name: str
    parts: tuple[str, ...] = ()


def test_instances_can_be_sent_to_other_processes() -> None:
    sent = Sent("a", ("b",))
    assert pickle.loads(pickle.dumps(sent)) == sent


def test_the_check_path_never_imports_what_is_slow() -> None:
    code = "import sys, advisor.session; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    slow = {
        "dataclasses",
        "inspect",
        "libcst",
        "rich",
        "pathspec",
        "tomllib",
        "tomli",
        "concurrent",
        "asyncio",
    }
    assert slow & set(done.stdout.split()) <= {"dataclasses", "inspect"}  # other rooms still use these two
