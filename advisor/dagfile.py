"""One DAG file as rules see it: operators, async tasks, deferrals and what the project runs on."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from advisor.arguments import Arguments
from advisor.asynctasks import AsyncTask, Wait, find_async_calls, find_async_tasks
from advisor.blocking import Blocker, blocking_in_tasks, blocking_in_triggers
from advisor.calls import find_operators
from advisor.catalog.waits import waits
from advisor.contexts import Contexts
from advisor.decorators import TaskDecorator, find_decorators, find_sensors
from advisor.deferrals import Again, Deferral, find_again, find_classes, find_deferrals
from advisor.definitions import Definitions
from advisor.fanouts import FanOut, find_fan_outs
from advisor.finding import Finding, Fix, SetKeyword, Severity, Span
from advisor.firstparty import FirstParty, first_party
from advisor.folded import MISSING, Dict
from advisor.inline import InlineDeferral, find_inline_deferrals
from advisor.names import Names
from advisor.operators import Operator
from advisor.pythontasks import PythonTask, find_python_tasks
from advisor.receivers import Receivers
from advisor.resuming import Classes
from advisor.sdkcalls import SyncSdkCall, sync_sdk_calls
from advisor.sequences import Sequence, find_sequences
from advisor.sleeping import find_sleeping_tasks
from advisor.state import Lost, find_lost
from advisor.subclasses import Subclasses
from advisor.syntax import Node, Tree
from advisor.triggers import Trigger, find_triggers
from advisor.unawaited import Unawaited, find_unawaited
from advisor.unsupported import InnerLoop, Unsupported, find_inner_loops, find_unsupported
from advisor.values import Values
from advisor.walks import Walk, walks

if TYPE_CHECKING:
    from advisor.catalog.lookup import Catalog
    from advisor.project import Project
    from advisor.target import Target

_SDK = "airflow.sdk"  # Airflow 3's


class DagFile:
    """The model of one file. Everything is worked out when it is first asked for, and once."""

    def __init__(
        self,
        tree: Tree,
        path: str,
        catalog: Catalog,
        target: Target,
        project: Project,
        blocking_calls: tuple[str, ...] = (),
    ) -> None:
        self.tree = tree
        self.path = path
        self.catalog = catalog
        self.target = target
        self.project = project
        #: dotted names of functions that block, by the configuration
        self.blocking_calls = blocking_calls
        self.names = Names(tree, project.package_of(path))
        self.values = Values(self.names, lambda dotted: project.value(dotted, path))
        self.contexts = Contexts(self.names)
        self._given: dict[Node, Arguments] = {}
        self._default_args: dict[Node, Dict | None] = {}

    def forget(self) -> None:
        """Let go of everything, once nothing is asked any more: the parts of the model know each other.

        Left to Python's search for dead cycles, files cost a tenth more, and several are in memory at a time.
        """
        self.tree.memo.clear()
        self.__dict__.clear()

    @cached_property
    def operators(self) -> list[Operator]:
        """The operators and sensors of the catalog that the file makes, tasks or not, in the order of the text.

        Without those about which no rule has anything to say.
        """
        return find_operators(self)

    @cached_property
    def all_operators(self) -> list[Operator]:
        """Every operator and sensor of the catalog that the file makes, in the order of the text."""
        return find_operators(self, silent=True)

    @cached_property
    def tasks(self) -> list[Operator]:
        """The operators that are tasks of a DAG and whose arguments can all be seen."""
        made = [*self.operators, *find_sensors(self)]
        return [operator for operator in made if not operator.doubtful and operator.is_task]

    @cached_property
    def first_party(self) -> FirstParty:
        """What is known of the project's own operator classes."""
        return first_party(self.project, self.catalog)

    @cached_property
    def subclasses(self) -> Subclasses:
        """Tells what a class of the project's own is."""
        return Subclasses(self.first_party, self.project, self.catalog)

    def permitted(self, fix: Fix | None, span: Span) -> Fix | None:
        """The fix of a finding at `span`, unless what it changes may not arrive at the class that it is meant for."""
        limit = "any" if fix is None else self._limits.get((span.start, span.end), "any")
        if fix is None or limit == "any":
            return fix
        only_flag = all(isinstance(one, SetKeyword) and one.name == "deferrable" for one in fix.rewrites)
        return fix if limit == "flag" and only_flag else None

    @cached_property
    def _limits(self) -> dict[tuple[int, int], str]:
        return {
            (operator.span.start, operator.span.end): operator.fixes
            for operator in self.operators
            if operator.fixes != "any"
        }

    @cached_property
    def receivers(self) -> Receivers:
        """Tells what an expression stands for: the function that a call runs, the class that an object is of."""
        return Receivers(self.project)

    @cached_property
    def blocking_in_tasks(self) -> list[tuple[str, Blocker]]:
        """What blocks the event loop of the file's async tasks, with each task's name, in the order of the text."""
        return blocking_in_tasks(self)

    @cached_property
    def blocking_in_triggers(self) -> list[tuple[str, Blocker]]:
        """What blocks in `run` of the file's triggers, with each trigger's name, in the order of the text."""
        return blocking_in_triggers(self)

    @cached_property
    def sync_sdk_calls(self) -> list[SyncSdkCall]:
        """What the file's async tasks ask Airflow for without awaiting it, in the order of the text."""
        return sync_sdk_calls(self)

    @cached_property
    def task_decorators(self) -> list[TaskDecorator]:
        """The `@task…` decorators that are given `deferrable`, in the order of the text."""
        return find_decorators(self)

    @cached_property
    def python_tasks(self) -> list[PythonTask]:
        """The functions that Airflow runs as tasks: of this file, or given to its operators, in its order."""
        return find_python_tasks(self)

    @cached_property
    def sleeping_tasks(self) -> list[tuple[PythonTask, list[Wait]]]:
        """The ordinary tasks that sleep, themselves or through helpers, and their waits, in the order of the text."""
        return find_sleeping_tasks(self)

    @cached_property
    def unsupported_async_tasks(self) -> list[Unsupported]:
        """The `async def` that Airflow does not await, or not where it should, in the order of the text."""
        return find_unsupported(self)

    @cached_property
    def inner_loops(self) -> list[InnerLoop]:
        """The calls of async tasks that start an event loop in theirs, in the order of the text."""
        return find_inner_loops(self)

    @cached_property
    def inline_deferrals(self) -> list[InlineDeferral]:
        """The deferrals in task functions and in what they call, in the order of the text."""
        return find_inline_deferrals(self)

    @property
    def pause(self) -> str:
        """A call of the deferrable class that only lets time pass, as this Airflow has it."""
        table = waits()
        in_core = self.target.airflow is not None and not self.target.at_least(3)
        name = (table.pause_before_3 if in_core else table.pause).rpartition(".")[2]
        return f"`{name}(…)`" if in_core else f"`{name}(…, deferrable=True)`"

    @cached_property
    def may_run_on_airflow_2(self) -> bool:
        """Whether an Airflow 2 may run the file: an unknown one may be one, unless the file imports what only 3 has.

        An import under `try` or `if`, or in a function, may be one of two ways.
        """
        if self.target.airflow is not None:
            return self.target.airflow < (3,)
        return not any(
            (one.module == _SDK or one.module.startswith(f"{_SDK}.") or one.target == _SDK)
            and not one.guarded
            and one.scope.kind() == "module"
            for one in self.names.imports
        )

    @cached_property
    def async_tasks(self) -> list[AsyncTask]:
        """The native async tasks, in the order of the text."""
        return find_async_tasks(self)

    @cached_property
    def async_calls(self) -> list[tuple[Node, str]]:
        """Calls that sleep, bound a wait or run awaits side by side, anywhere in the file, with their dotted names."""
        return find_async_calls(self)

    @cached_property
    def definitions(self) -> Definitions:
        """Tells which functions and classes of the project the names in a task's code stand for."""
        return Definitions(self)

    @cached_property
    def walks(self) -> list[Walk]:
        """For each task that runs in a worker, the functions of the project that run with it."""
        return walks(self)

    @cached_property
    def fan_outs(self) -> list[FanOut]:
        """Where the async tasks start one coroutine for each item of a collection, in the order of the text."""
        return find_fan_outs(self)

    @cached_property
    def sequences(self) -> list[Sequence]:
        """Where the async tasks await independent requests one after the other, in the order of the text."""
        return find_sequences(self)

    @cached_property
    def unawaited(self) -> list[Unawaited]:
        """The coroutines that tasks make and nobody awaits, in the order of the text."""
        return find_unawaited(self)

    @cached_property
    def operator_classes(self) -> Classes:
        """Tells the ways through the file's own operators, and what these have from bases in other files."""
        return find_classes(self)

    @cached_property
    def deferrals(self) -> list[Deferral]:
        """What the file's own operators defer to, in the order of the text."""
        return find_deferrals(self)

    def deferred_again(self, longest: float) -> list[Again]:
        """Where the file's operators come back to deferrals of bases in other files, unless these wait longer (s)."""
        return find_again(self, longest)

    @cached_property
    def lost_state(self) -> list[Lost]:
        """What the file's own operators set on themselves before they defer, and read when they are resumed."""
        return find_lost(self)

    @cached_property
    def triggers(self) -> list[Trigger]:
        """The triggers that the file defines itself, in the order of the text."""
        return find_triggers(self)

    def given_to(self, maker: Node) -> Arguments:
        """The arguments of a call that makes a DAG or a group; many tasks ask for them."""
        if maker not in self._given:
            self._given[maker] = Arguments(maker, self.values)
        return self._given[maker]

    def default_args(self, maker: Node) -> Dict | None:
        """The `default_args` of a call that makes a DAG or a group; None where it is given none."""
        if maker not in self._default_args:
            given = self.given_to(maker).value("default_args")
            unknown = given is not MISSING and given is not None
            self._default_args[maker] = (
                given if isinstance(given, Dict) else Dict(complete=False) if unknown else None
            )
        return self._default_args[maker]

    def class_path(self, path: str) -> tuple[str, str] | None:
        """Today's name of a class and its name as imported from Airflow, for a dotted name as this file has it.

        Follows names that first-party modules re-export, also from guarded imports of one class. None where the
        catalog knows no such class.
        """
        name = self.catalog.resolve(path)
        if name is not None:
            return name, path
        if path.startswith("airflow."):
            return None
        originals = self.project.origins_of(path, self.path)
        names = set(map(self.catalog.resolve, originals))
        name = names.pop() if len(names) == 1 else None
        return (name, originals[-1]) if name is not None else None


def found(
    span: Span, message: str, *, symbol: str = "", severity: Severity | None = None, fix: Fix | None = None
) -> Finding:
    """A finding as a rule states it; the engine adds the rule's name and the file's path."""
    return Finding(span, message, fix, symbol, severity)
