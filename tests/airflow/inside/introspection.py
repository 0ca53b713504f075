"""Runs inside an Airflow environment: what Python itself says of every operator class of the providers there.

Usage: introspection.py OUTPUT [MODULE…]; with modules, only those are looked at (for the default of the flag).
"""

from __future__ import annotations

import datetime
import importlib
import inspect
import itertools
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[3]))
from advisor.catalog.lookup import Catalog

# Not run by the catalog's reader either: nothing that makes tasks stands there.
LEFT_OUT = (
    "example_dags",
    "migrations",
    "executors",
    "cli",
    "get_provider_info",
    "plugins",
    "www",
    "_vendor",
)
PLAIN = (str, int, float, bool, type(None))
COUNT = itertools.count()
# What some constructors insist on, where a value made up from the annotation is refused.
SPECIAL: dict[str, dict[str, Any]] = {
    "EmrAddStepsOperator": {"job_flow_id": "j"},
    "RdsCopyDbSnapshotOperator": {"db_type": "instance"},
    "RdsCreateDbSnapshotOperator": {"db_type": "instance"},
    "RdsDeleteDbSnapshotOperator": {"db_type": "instance"},
    "RdsSnapshotExistenceSensor": {"db_type": "instance"},
    "S3DeleteObjectsOperator": {"keys": ["x"]},
    "SageMakerConditionOperator": {"condition_type": "Equals", "left_value": 1, "right_value": 1},
    "EC2InstanceStateSensor": {"target_state": "running"},
    "OpenSearchServerlessCollectionActiveSensor": {"collection_id": "x"},
    "DatabricksReposCreateOperator": {"git_url": "https://github.com/a/b"},
    "DatabricksReposDeleteOperator": {"repo_id": "x"},
    "DatabricksReposUpdateOperator": {"repo_id": "x", "branch": "x"},
    "DatabricksCopyIntoOperator": {"file_format": "CSV"},
    "DiscordWebhookOperator": {"http_conn_id": "x"},
    "DataprocCreateClusterOperator": {"project_id": "x"},
    "CloudFunctionDeleteFunctionOperator": {"name": "projects/p/locations/l/functions/f"},
    "GCSDeleteObjectsOperator": {"objects": ["x"]},
    "GKECreateClusterOperator": {"location": "x", "body": {"name": "x", "initial_node_count": 1}},
    "GoogleCampaignManagerDeleteReportOperator": {"report_id": "x"},
    "BranchDayOfWeekOperator": {"week_day": "Monday"},
    "DayOfWeekSensor": {"week_day": "Monday"},
    "SQLColumnCheckOperator": {"column_mapping": {}},
    "BigQueryColumnCheckOperator": {"column_mapping": {}},
    "SQLTableCheckOperator": {"checks": {}},
    "BigQueryTableCheckOperator": {"checks": {}},
    "GKEDeleteClusterOperator": {"cluster_name": "x", "name": "x", "location": "x"},
    "ApprovalOperator": {"options": ...},
}


def work(*args: object, **kwargs: object) -> bool:
    """Stands for any function that an operator may call."""
    return True


def dag() -> Any:
    """A DAG of its own for each probe: some constructors read its time zone."""
    try:
        from airflow.sdk import DAG  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from airflow.models.dag import DAG  # type: ignore[import-not-found, no-redef, unused-ignore]
    return DAG(f"probe{next(COUNT)}", schedule=None, start_date=datetime.datetime(2026, 1, 1))


def provider_modules() -> Iterator[tuple[str, str, str]]:
    """(distribution, version, module) of every module of the installed providers, and of Airflow 2's own operators."""
    for distribution in distributions():
        name, version = distribution.metadata["Name"], distribution.version
        ours = name.startswith("apache-airflow-providers-") or name in (
            "apache-airflow",
            "apache-airflow-core",
        )
        if not (ours or name == "astronomer-providers"):
            continue
        roots = ("airflow/providers/", "airflow/operators/", "airflow/sensors/", "astronomer/providers/")
        for file in distribution.files or ():
            path = str(file)
            if path.endswith(".py") and path.startswith(roots) and not any(part in path for part in LEFT_OUT):
                yield name, version, path[:-3].replace("/", ".").removesuffix(".__init__")


def innermost(function: Any) -> Any:
    return inspect.unwrap(function)


def chain(cls: Any, stop: Any) -> list[tuple[type, inspect.Signature]]:
    """The constructors that a call's keywords travel through: its own, and further while there is `**kwargs`."""
    found: list[tuple[type, inspect.Signature]] = []
    seen: set[int] = set()
    for base in cls.__mro__:
        if base is stop or base is object:
            break
        init = innermost(base.__dict__.get("__init__"))
        if init is None or id(init) in seen or init is innermost(stop.__init__):
            continue
        # A class that defines no `__init__` gets its parent's, wrapped by Airflow's metaclass.
        owner = next((k for k in base.__mro__ if f"{k.__qualname__}.__init__" == init.__qualname__), base)
        seen.add(id(init))
        signature = inspect.signature(init)
        found.append((owner, signature))
        if not any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()):
            break
    return found


def dummy(name: str, annotation: str) -> Any:
    """A value that a constructor may accept for a required argument."""
    text = annotation.lower()
    if "callable" in text or name == "python_callable":
        return work
    if "timedelta" in text:
        return datetime.timedelta(hours=1)
    if "datetime.time" in text and "datetime.datetime" not in text:
        return datetime.time(23, 59)
    if "str" in text.replace("structure", "") and not text.startswith(
        ("dict", "list", "sequence", "collection")
    ):
        return "x"
    if "dict" in text or "mapping" in text:
        return {"name": "x", "Name": "x"}
    if "list" in text or "sequence" in text or "iterable" in text or "collection" in text or "set" in text:
        return ["x"]
    if "bool" in text:
        return True
    if "int" in text or "float" in text:
        return 1
    return "x"


def attempt(cls: type, arguments: dict[str, Any]) -> tuple[str, list[str]]:
    """("" or what constructing raised, the deprecation warnings that came)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            cls(task_id="probe", dag=dag(), **arguments)
            error = ""
        except BaseException as raised:
            if isinstance(raised, KeyboardInterrupt):
                raise
            error = f"{type(raised).__name__}: {str(raised)[:300]}"
    told = [f"{w.category.__name__}: {w.message}"[:300] for w in caught if "Deprecat" in w.category.__name__]
    return error, told


def plain(value: Any) -> Any:
    """A default as JSON; {"repr": …} for what is none."""
    if isinstance(value, PLAIN) and type(value) in PLAIN:
        return value
    if type(value) in (list, tuple, set, frozenset):
        return [plain(item) for item in value]
    if type(value) is dict and all(isinstance(key, str) for key in value):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (str, int)):  # enums that are text
        return {"repr": repr(value), "value": str(getattr(value, "value", value))}
    return {"repr": repr(value)[:200]}


def refuses(error: str, argument: str) -> bool:
    """Whether an error says that the argument itself isn't taken."""
    marks = (
        "multiple values for keyword",
        "unexpected keyword",
        "Invalid arguments were",
        "invalid arguments",
    )
    return argument in error and any(mark in error for mark in marks)


def name_of(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def evaluate(code: str, owner: str, cls: type) -> Any:
    """What the source text that the catalog holds for a default is worth in the module of the class."""
    modules = [owner.rpartition(".")[0], *(base.__module__ for base in cls.__mro__)]
    for module in modules:
        try:
            return plain(eval(code, dict(vars(sys.modules[module]))))
        except Exception:
            continue
    return {"repr": "can't be evaluated"}


def facts(
    cls: Any, base: type, sensor: type, validate: Callable[..., None], catalog: Catalog
) -> dict[str, Any]:
    links = chain(cls, base)
    parameters: dict[str, dict[str, Any]] = {}
    required: dict[str, Any] = {}
    for depth, (owner, signature) in enumerate(links):
        for position, parameter in enumerate(signature.parameters.values()):
            if position == 0 or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            name = parameter.name
            if name in parameters or (name in ("task_id", "default_args") and owner is base):
                continue
            parameters[name] = {
                "owner": f"{owner.__module__}.{owner.__qualname__}",
                "positional": parameter.kind is not parameter.KEYWORD_ONLY,
                "depth": depth,
            }
            if parameter.default is parameter.empty:
                parameters[name]["required"] = True
                if name != "task_id":
                    required[name] = dummy(name, str(parameter.annotation))
            else:
                parameters[name]["default"] = plain(parameter.default)
    required.update(SPECIAL.get(cls.__name__, {}))
    required = {name: value for name, value in required.items() if value is not ...}
    bare, told = attempt(cls, required)
    for _ in range(len(required)):
        # The constructor hands this argument on by itself: the caller must not.
        own = next((name for name in required if refuses(bare, f"'{name}'")), None)
        if own is None:
            break
        del required[own]
        if own in parameters:
            parameters[own]["refused"] = True
        bare, told = attempt(cls, required)
    flagged, told_flagged = attempt(cls, {**required, "deferrable": True})
    value = None
    if not flagged:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = getattr(cls(task_id="probe", dag=dag(), **required, deferrable=True), "deferrable", None)
    try:
        validate(cls, "partial", {"deferrable": True})
        partial = ""
    except TypeError as raised:
        partial = str(raised)
    # Which inherited arguments does the constructor hand on itself, so that a caller can't?
    for name, one in parameters.items():
        if one["depth"] and not bare and not one.get("refused"):
            probe, _ = attempt(cls, {**required, name: "x"})
            one["refused"] = refuses(probe, f"'{name}'")
    known = catalog.get(name_of(cls))
    for known_parameter in known.parameters if known else ():
        found = parameters.get(known_parameter.name)
        if found is None and not bare:
            # Taken out of `**kwargs` by hand: no signature tells, so it is tried.
            probe, _ = attempt(cls, {**required, known_parameter.name: {}})
            if not refuses(probe, known_parameter.name):
                parameters[known_parameter.name] = {"probed": True}
                continue
        if known_parameter.code and found is not None and "default" in found:
            found["code"] = known_parameter.code
            found["evaluated"] = evaluate(known_parameter.code, found["owner"], cls)
    return {
        "name": name_of(cls),
        "kind": "transfer"
        if ".transfers." in cls.__module__
        else "sensor"
        if issubclass(cls, sensor)
        else "operator",
        "bases": [name_of(b) for b in cls.__bases__],
        "parameters": parameters,
        "bare": bare,
        "flagged": flagged,
        "attribute": plain(value),
        "refused": refuses(flagged, "deferrable"),
        "partial": partial,
        "deprecations": told,
        "deprecations_flagged": told_flagged,
        "template": "deferrable" in tuple(getattr(cls, "template_fields", ()) or ()),
        "abstract": inspect.isabstract(cls),
        "pokes_only": isinstance(cls.__dict__.get("mode"), property),
    }


def main() -> None:
    output, wanted = sys.argv[1], set(sys.argv[2:])
    try:
        from airflow.sdk import BaseOperator, BaseSensorOperator  # type: ignore[import-not-found, unused-ignore]
        from airflow.sdk.definitions.mappedoperator import validate_mapping_kwargs  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from airflow.models.baseoperator import BaseOperator  # type: ignore[import-not-found, no-redef, unused-ignore]
        from airflow.models.mappedoperator import validate_mapping_kwargs  # type: ignore[import-not-found, no-redef, unused-ignore]
        from airflow.sensors.base import BaseSensorOperator  # type: ignore[import-not-found, no-redef, unused-ignore]
    logging.disable(logging.CRITICAL)
    catalog = Catalog.load()
    result: dict[str, Any] = {"versions": {}, "modules": 0, "unimportable": {}, "classes": []}
    for distribution, version, module in provider_modules():
        result["versions"][distribution] = version
        if wanted and module not in wanted:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                loaded = importlib.import_module(module)
        except BaseException as raised:
            if isinstance(raised, KeyboardInterrupt):
                raise
            result["unimportable"][module] = f"{type(raised).__name__}: {str(raised)[:200]}"
            continue
        result["modules"] += 1
        for cls in list(vars(loaded).values()):
            if (
                isinstance(cls, type)
                and issubclass(cls, BaseOperator)
                and cls.__module__ == module
                and cls.__name__[0] != "_"
            ):
                row = facts(cls, BaseOperator, BaseSensorOperator, validate_mapping_kwargs, catalog)
                row["provider"] = distribution
                result["classes"].append(row)
    unique = {row["name"]: row for row in result["classes"]}
    result["classes"] = [unique[name] for name in sorted(unique)]
    with open(output, "w", encoding="utf-8") as file:
        json.dump(result, file, default=repr)
    print(
        f"{len(unique)} classes of {result['modules']} modules, {len(result['unimportable'])} modules not importable"
    )


if __name__ == "__main__":
    main()
