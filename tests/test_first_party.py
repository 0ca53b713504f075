"""Operator classes that a project defines itself, across its files, through the engine and the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from advisor import engine, fixer
from advisor.config import Settings
from advisor.finding import Finding
from advisor.target import detect

S3 = "airflow.providers.amazon.aws.sensors.s3.S3KeySensor"
IMPORT = "from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor\n"
FILE_SENSOR = "from airflow.providers.standard.sensors.filesystem import FileSensor\n"


def context_for(root: Path) -> engine.Context:
    settings = Settings(root=root)
    return engine.prepare(settings, detect(root, settings, None, False))


def project(root: Path, **files: str) -> Path:
    """A project with the DAG file `dags/flow.py` (`flow=`) and modules by name (`plugins__own=` is plugins/own.py)."""
    for name, text in files.items():
        stem, found, _ = name.partition("____init__")
        module = "dags/flow" if name == "flow" else stem.replace("__", "/") + ("/__init__" if found else "")
        path = root / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / "dags" / "flow.py"


def check(root: Path, **files: str) -> list[Finding]:
    path = project(root, **files)
    return engine.check(path.read_bytes(), str(path), context_for(root))


def said(findings: list[Finding]) -> list[tuple[str, int]]:
    return [(finding.rule, finding.span.line) for finding in findings]


INIT = "def __init__(self, **kwargs):\n        "
FLAGGED = "def __init__(self, deferrable=False, **kwargs):\n        "
ON = "super().__init__(**kwargs)"
DAG = "from airflow import DAG\n"
CALL = 'with DAG("d"):\n    Own(task_id="a", bucket_key="s3://b/k")\n'


def flow(imports: str = "from plugins.own import Own\n", call: str = CALL) -> str:
    return DAG + imports + call


def test_a_class_of_another_file_gets_its_base_classs_finding(tmp_path: Path) -> None:
    own = IMPORT + 'class Own(S3KeySensor):\n    """Ours."""\n    ui_color = "#fff"\n'
    (finding,) = check(tmp_path, plugins__own=own, flow=flow())
    assert (finding.rule, finding.span.line, finding.symbol) == ("missing-deferrable", 4, S3)
    assert finding.message.startswith("Own (based on S3KeySensor) holds a worker slot")
    assert finding.fix is not None
    assert finding.fix.applicability == "unsafe"  # as for the base class: AWS needs an extra


@pytest.mark.parametrize(
    ("imports", "name"),
    [
        ("from plugins.own import Own as Mine\n", "Mine"),
        ("from plugins import own\n", "own.Own"),
        ("import plugins.own\n", "plugins.own.Own"),
        ("import plugins.own as o\n", "o.Own"),
        ("from plugins.own import *\n", "Own"),
        ("from plugins.api import Own\n", "Own"),
        ("from plugins.api import Exported\n", "Exported"),
        ("from plugins.stars import Own\n", "Own"),
        ("from plugins.deeper import Deeper\n", "Deeper"),
        ("from plugins.aliased import Aliased\n", "Aliased"),
        ("from plugins.relative import Near\n", "Near"),
        ("from plugins import Own\n", "Own"),
    ],
)
def test_however_it_is_imported(tmp_path: Path, imports: str, name: str) -> None:
    call = f'with DAG("d"):\n    {name}(task_id="a", bucket_key="k")\n'
    findings = check(
        tmp_path,
        plugins____init__="from .own import Own\n",
        plugins__own=IMPORT + "class Own(S3KeySensor):\n    pass\n",
        plugins__api="from plugins.own import Own\nfrom plugins.own import Own as Exported\n",
        plugins__stars="from plugins.own import *\n",
        plugins__deeper="from plugins.own import Own\n\nclass Deeper(Own):\n    pass\n",
        plugins__relative="from .own import Own\n\nclass Near(Own):\n    pass\n",
        plugins__aliased=IMPORT.replace("\n", " as Base\n") + "class Aliased(Base):\n    pass\n",
        flow=flow(imports, call),
    )
    assert said(findings) == [("missing-deferrable", 4)]


@pytest.mark.parametrize(
    ("module", "imports"),
    [
        ("plugins__own", "from own import Own\n"),  # Airflow puts `plugins` on the path
        ("plugins__sensors__own", "from sensors.own import Own\n"),
        ("dags__plugins__own", "from own import Own\n"),
        ("src__company__own", "from company.own import Own\n"),  # installed from `src`
    ],
)
def test_what_airflow_or_an_installation_puts_on_the_path(tmp_path: Path, module: str, imports: str) -> None:
    own = IMPORT + "class Own(S3KeySensor):\n    pass\n"
    assert said(check(tmp_path, **{module: own, "flow": flow(imports)})) == [("missing-deferrable", 4)]


def test_what_stands_beside_a_file_comes_before_what_is_put_on_the_path(tmp_path: Path) -> None:
    own = IMPORT + "class Own(S3KeySensor):\n    pass\n"
    other = "class Own:\n    def __init__(self, **given):\n        pass\n"
    assert not check(tmp_path, plugins__own=own, dags__own=other, flow=flow("from own import Own\n"))


GUARDED = (
    "try:\n    from airflow.providers.standard.sensors.date_time import DateTimeSensor\n"
    "except ImportError:\n    from airflow.sensors.date_time import DateTimeSensor\n"
)


@pytest.mark.parametrize(
    ("imports", "name"),
    [
        ("from plugins.own import S3KeySensor\n", "S3KeySensor"),
        ("from plugins.own import S3KeySensor as Key\n", "Key"),
        ("from plugins.own import KeySensor\n", "KeySensor"),
        ("from plugins.own import *\n", "S3KeySensor"),
        ("from plugins.own import *\n", "KeySensor"),
        ("from plugins.stars import *\n", "S3KeySensor"),
        ("from plugins import own\n", "own.S3KeySensor"),
        ("from plugins import own\n", "own.KeySensor"),
        ("import plugins.own\n", "plugins.own.S3KeySensor"),
        ("import plugins.own as o\n", "o.S3KeySensor"),
        ("from plugins.guarded import S3KeySensor\n", "S3KeySensor"),
        ("from plugins import guarded\n", "guarded.S3KeySensor"),
        ("from plugins.guarded import Derived\n", "Derived"),
    ],
)
def test_classes_of_airflow_that_a_module_hands_on(tmp_path: Path, imports: str, name: str) -> None:
    guarded = f"try:\n    {IMPORT}except ImportError:\n    {IMPORT.replace('s3 ', 's3_key ')}"
    findings = check(
        tmp_path,
        plugins__own=IMPORT + IMPORT.replace("\n", " as KeySensor\n"),
        plugins__stars="from plugins.own import *\n",
        plugins__guarded=f"{guarded}class Derived(S3KeySensor):\n    pass\n",
        flow=flow(imports, f'with DAG("d"):\n    {name}(task_id="a", bucket_key="k")\n'),
    )
    assert said(findings) == [("missing-deferrable", 4)]


def test_a_name_that_may_be_one_of_two_classes_is_silent(tmp_path: Path) -> None:
    own = IMPORT + "if new:\n    " + FILE_SENSOR.replace("FileSensor", "FileSensor as S3KeySensor")
    imports = "from plugins.own import S3KeySensor\n"
    call = 'with DAG("d"):\n    S3KeySensor(task_id="a", bucket_key="k")\n'
    assert check(tmp_path, plugins__own=own, flow=flow(imports, call)) == []


@pytest.mark.parametrize(
    ("imports", "name", "own", "fixed"),
    [
        ("from plugins.own import DateTimeSensor\n", "DateTimeSensor", GUARDED, False),
        ("from plugins import own\n", "own.DateTimeSensor", GUARDED, False),
        ("from plugins import own\n", "own.DateTimeSensor", GUARDED.splitlines()[3].strip(), False),
        ("from plugins.own import DateTimeSensor\n", "DateTimeSensor", GUARDED.splitlines()[3].strip(), True),
    ],
)
def test_no_fix_goes_around_a_modules_guard_or_takes_what_it_lacks(
    tmp_path: Path, imports: str, name: str, own: str, fixed: bool
) -> None:
    text = flow(imports, f'with DAG("d"):\n    {name}(task_id="a", target_time="2030-01-01")\n')
    (finding,) = check(tmp_path, plugins__own=own, flow=text)
    assert finding.rule == "sync-sensor"
    assert (finding.fix is not None) == fixed


def test_a_class_of_the_same_file(tmp_path: Path) -> None:
    text = DAG + IMPORT + "class Base(S3KeySensor):\n    pass\nclass Own(Base):\n    pass\n" + CALL
    assert said(check(tmp_path, flow=text)) == [("missing-deferrable", 8)]


@pytest.mark.parametrize(
    "body",
    [
        INIT + ON,
        "def __init__(self, *args, **kwargs):\n        super().__init__(*args, **kwargs)",
        "def __init__(self, bucket_key, **kw):\n        super(Own, self).__init__(bucket_key=bucket_key, **kw)",
        "def __init__(self, deferrable: bool = False, **kwargs) -> None:\n"
        "        super().__init__(deferrable=deferrable, **kwargs)",
        INIT + "self.team = kwargs.pop('team', None)\n        " + ON,
        "@apply_defaults\n    def __init__(self, **kwargs):\n        super().__init__(**kwargs)",
        "def __init__(self, **kwargs):\n        super().__init__(**kwargs)\n        self.team = self.find()\n"
        "    def find(self):\n        return 1",
        "def pre_execute(self, context):\n        print(context)",
    ],
)
def test_an_init_that_hands_the_flag_on(tmp_path: Path, body: str) -> None:
    own = IMPORT + f"class Own(S3KeySensor):\n    {body}\n"
    assert said(check(tmp_path, plugins__own=own, flow=flow())) == [("missing-deferrable", 4)]


@pytest.mark.parametrize(
    "body",
    [
        "def execute(self, context):\n        return 1",
        "def poke(self, context):\n        return True",
        "async def execute(self, context):\n        return 1",
        "execute = other",
        "deferrable = True",
        "def __init__(self, bucket_key, task_id):\n        super().__init__(bucket_key=bucket_key, task_id=task_id)",
        "def __init__(self, **kwargs):\n        super().__init__(deferrable=True, **kwargs)",
        "def __init__(self, **kwargs):\n        super().__init__(deferrable=False, **kwargs)",
        INIT + "d = kwargs.pop('deferrable', True)\n        " + ON,
        INIT + "kwargs['deferrable'] = True\n        " + ON,
        INIT + "kwargs.setdefault('deferrable', True)\n        " + ON,
        INIT + "kwargs.update(find())\n        " + ON,
        INIT + "kwargs = find(kwargs)\n        " + ON,
        "def __init__(self, **kwargs):\n        super().__init__(**find(kwargs))",
        "def __init__(self, **kwargs):\n        super().__init__(**kwargs)\n        self.deferrable = True",
        INIT + "if kwargs:\n            " + ON,
        "def __init__(self, **kwargs):\n        S3KeySensor.__init__(self, **kwargs)",
        "def __init__(self, deferrable=True, **kwargs):\n        super().__init__(deferrable=deferrable, **kwargs)",
        "def __init__(self, deferrable=X, **kw):\n        super().__init__(deferrable=deferrable, **kw)",
        FLAGGED + "super().__init__(**kwargs)",
        FLAGGED + "super().__init__(deferrable=not deferrable, **kwargs)",
        FLAGGED + "deferrable = deferrable or X\n        super().__init__(deferrable=deferrable, **kwargs)",
        "def __init__(self, **kwargs):\n        super().__init__(**kwargs)\n        setattr(self, name, 1)",
        "def __new__(cls, **kwargs):\n        return make(cls, kwargs)",
        "def get_key(self):\n        return 1",  # nothing here calls it, so the base class does
        "if True:\n        def execute(self, context):\n            return 1",
    ],
)
def test_a_class_that_goes_its_own_way_is_silent(tmp_path: Path, body: str) -> None:
    own = IMPORT + f"class Own(S3KeySensor):\n    {body}\n"
    assert check(tmp_path, plugins__own=own, flow=flow()) == []


@pytest.mark.parametrize(
    "header",
    [
        "class Own(S3KeySensor, metaclass=Meta):\n    pass\n",
        "class Own(Unknown, S3KeySensor):\n    pass\n",
        "@register\nclass Own(S3KeySensor):\n    pass\n",
        "class Mixin:\n    def execute(self, context):\n        pass\nclass Own(Mixin, S3KeySensor):\n    pass\n",
        "class Mixin:\n    def poke(self, context):\n        pass\nclass Own(Mixin, S3KeySensor):\n    pass\n",
        "class Mixin:\n    def __init__(self, **k):\n        pass\nclass Own(Mixin, S3KeySensor):\n    pass\n",
        "class Mid(S3KeySensor):\n    def execute(self, c):\n        pass\nclass Own(Mid):\n    pass\n",
        "class Own(make(S3KeySensor)):\n    pass\n",
        "class Own(Own, S3KeySensor):\n    pass\n",
        "if new:\n    class Own(S3KeySensor):\n        pass\nelse:\n    class Own(S3KeySensor):\n        pass\n",
        "class Own(S3KeySensor):\n    pass\nOwn = wrap(Own)\n",
    ],
)
def test_doubtful_bases_are_silent(tmp_path: Path, header: str) -> None:
    assert check(tmp_path, plugins__own=IMPORT + header, flow=flow()) == []


def test_a_harmless_mixin_does_no_harm(tmp_path: Path) -> None:
    own = (
        IMPORT
        + "from abc import ABC\nclass Labels:\n    team = 'a'\nclass Own(Labels, S3KeySensor, ABC):\n    pass\n"
    )
    assert said(check(tmp_path, plugins__own=own, flow=flow())) == [("missing-deferrable", 4)]


def test_what_the_class_gives_its_base_counts(tmp_path: Path) -> None:
    own = IMPORT + (
        "SHORT = 30\n"
        "class Short(S3KeySensor):\n    def __init__(self, key, **kwargs):\n"
        "        super().__init__(bucket_key=key, timeout=SHORT, **kwargs)\n"
        "class Patient(S3KeySensor):\n    def __init__(self, key, wait=30, **kwargs):\n"
        "        super().__init__(bucket_key=key, timeout=wait, **kwargs)\n"
        "class Named(S3KeySensor):\n    def __init__(self, timeout=30, **kwargs):\n"
        "        super().__init__(timeout=timeout, **kwargs)\n"
        "class Polite(S3KeySensor):\n    def __init__(self, **kwargs):\n"
        "        super().__init__(mode='reschedule', **kwargs)\n"
    )
    calls = (
        'with DAG("d"):\n'
        '    Short(task_id="a", key="k")\n'
        '    Patient(task_id="b", key="k")\n'
        '    Patient(task_id="c", key="k", wait=3600)\n'
        '    Named(task_id="d", bucket_key="k")\n'
        '    Named(task_id="e", bucket_key="k", timeout=600)\n'
        '    Polite(task_id="f", bucket_key="k")\n'
    )
    imports = "from plugins.own import Named, Patient, Polite, Short\n"
    findings = check(tmp_path, plugins__own=own, flow=flow(imports, calls))
    assert said(findings) == [("missing-deferrable", 6), ("missing-deferrable", 8), ("missing-deferrable", 9)]
    assert [finding.severity for finding in findings] == ["warning", "warning", "advice"]


def test_given_the_flag_it_is_judged_as_its_base_class(tmp_path: Path) -> None:
    own = FILE_SENSOR + "class Own(FileSensor):\n    pass\n"
    call = 'with DAG("d"):\n    Own(task_id="a", filepath="f", mode="reschedule", deferrable=True)\n'
    findings = check(tmp_path, plugins__own=own, flow=flow(call=call))
    assert said(findings) == [("ignored-when-deferred", 4)]


def test_a_default_of_its_own_is_honoured(tmp_path: Path) -> None:
    own = IMPORT + (
        "from airflow.configuration import conf\nclass Own(S3KeySensor):\n    def __init__(self, "
        'deferrable=conf.getboolean("operators", "default_deferrable", fallback=False), **kwargs):\n'
        "        super().__init__(deferrable=deferrable, **kwargs)\n"
    )
    assert said(check(tmp_path, plugins__own=own, flow=flow())) == [("missing-deferrable", 4)]
    call = 'with DAG("d", default_args={"deferrable": True}):\n    Own(task_id="a", bucket_key="k")\n'
    assert check(tmp_path, flow=flow(call=call)) == []


def test_the_import_of_an_own_class_is_never_rewritten(tmp_path: Path) -> None:
    own = "from airflow.sensors.date_time import DateTimeSensor\nclass Own(DateTimeSensor):\n    pass\n"
    call = 'with DAG("d"):\n    Own(task_id="a", target_time="2030-01-01")\n'
    for imports in ("from plugins.own import Own\n", "from plugins import own\n"):
        text = flow(imports, call if "Own" in imports else call.replace("Own", "own.Own"))
        (finding,) = check(tmp_path, plugins__own=own, flow=text)
        assert (finding.rule, finding.fix) == ("sync-sensor", None)


@pytest.mark.parametrize(
    ("body", "fixed"),
    [
        ("pass", True),
        ("def __init__(self, **kwargs):\n        super().__init__(**kwargs)", True),
        ("def pre_execute(self, context):\n        print(context)", False),
        ("def on_kill(self):\n        print(1)", False),
    ],
)
def test_a_fix_only_where_the_flag_is_sure_to_do_what_it_does(tmp_path: Path, body: str, fixed: bool) -> None:
    own = FILE_SENSOR + f"class Own(FileSensor):\n    {body}\n"
    call = 'with DAG("d"):\n    Own(task_id="a", filepath="f")\n'
    path = project(tmp_path, plugins__own=own, flow=flow(call=call))
    context = context_for(tmp_path)
    data = path.read_bytes()
    (finding,) = engine.check(data, str(path), context)
    assert (finding.fix is not None) == fixed
    result = fixer.fix(data, str(path), lambda text: engine.check(text, str(path), context), unsafe=True)
    assert (b'filepath="f", deferrable=True)' in result.data) == fixed


def test_a_fix_beside_an_init_touches_nothing_but_the_flag(tmp_path: Path) -> None:
    own = FILE_SENSOR + (
        "class Own(FileSensor):\n    def __init__(self, mode, **kwargs):\n"
        "        super().__init__(mode=mode, **kwargs)\n"
    )
    call = 'with DAG("d"):\n    Own(task_id="a", filepath="f", mode="reschedule", deferrable=True)\n'
    (finding,) = check(tmp_path, plugins__own=own, flow=flow(call=call))
    assert (finding.rule, finding.fix) == ("ignored-when-deferred", None)


def test_an_operator_may_have_hooks_of_its_own_without_a_fix(tmp_path: Path) -> None:
    own = (
        "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator\n"
        "class Own(KubernetesPodOperator):\n    def get_or_create_pod(self, *args):\n        return 1\n"
    )
    call = 'with DAG("d"):\n    Own(task_id="a", name="p", image="i")\n'
    (finding,) = check(tmp_path, plugins__own=own, flow=flow(call=call))
    assert (finding.rule, finding.fix) == ("missing-deferrable", None)


def test_modules_that_import_each_other_end(tmp_path: Path) -> None:
    findings = check(
        tmp_path,
        plugins____init__="from plugins.own import Own\n",
        plugins__own=IMPORT
        + "import plugins\nfrom plugins import Own as Other\nclass Own(S3KeySensor):\n    pass\n",
        loops__a="from loops.b import B\nclass A(B):\n    pass\n",
        loops__b="from loops.a import A\nclass B(A):\n    pass\n",
        flow=flow("from plugins import Own\nfrom loops.a import A\n", CALL + '    A(task_id="b")\n'),
    )
    assert said(findings) == [("missing-deferrable", 5)]


def test_only_modules_with_such_classes_are_parsed(tmp_path: Path) -> None:
    path = project(
        tmp_path,
        plugins__own=IMPORT + "class Own(S3KeySensor):\n    pass\n",
        plugins__plain="class Config(dict):\n    pass\n",
        plugins__maker=IMPORT + "def make():\n    return S3KeySensor(task_id='a')\n",
        flow=DAG + "from plugins.plain import Config\nfrom plugins.maker import make\nConfig(make())\n",
    )
    context = context_for(tmp_path)
    assert not engine._on_topic(path.read_bytes(), str(path), context)
    assert engine.check(path.read_bytes(), str(path), context) == []
    assert context.project._modules == {}


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "advisor", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_on_the_command_line(tmp_path: Path, jobs: str) -> None:
    own = FILE_SENSOR + "class Own(FileSensor):\n    pass\n"
    project(
        tmp_path,
        plugins__own=own,
        flow=flow(call='with DAG("d"):\n    Own(task_id="a", filepath="f")\n'),
    )
    (tmp_path / "pyproject.toml").write_text("[tool.dag-advisor]\n")
    done = run(tmp_path, "check", "dags", "--jobs", jobs)
    assert done.returncode == 1
    assert done.stdout.startswith("dags/flow.py:4:5: missing-deferrable warning Own (based on FileSensor) ")


WRAPPER = (
    DAG
    + FILE_SENSOR
    + 'def _wait(path, **kwargs):\n    return FileSensor(task_id="w", filepath=path, **kwargs)\n'
    + "{rest}"
)


@pytest.mark.parametrize(
    "rest",
    [
        'with DAG("d"):\n    _wait("f")\n',
        'with DAG("d"):\n    _wait(path="f", pool="slow")\n    _wait("g", pool="fast")\n',
        'with DAG("d"):\n    _wait("f", **{"pool": "slow"})\n',
        'with DAG("d", default_args={"retries": 1}):\n    _wait("f")\n',
        'with DAG("d"):\n    _wait("f", timeout=3600)\n    _wait("g", timeout=3600)\n',
        'dag = DAG("d")\n_wait("f", dag=dag)\n',
    ],
)
def test_a_wrapper_whose_callers_leave_the_flag_out(tmp_path: Path, rest: str) -> None:
    (finding,) = check(tmp_path, flow=WRAPPER.format(rest=rest))
    assert (finding.rule, finding.span.line, finding.fix) == ("missing-deferrable", 4, None)


@pytest.mark.parametrize(
    "rest",
    [
        "",  # nobody calls it
        'with DAG("d"):\n    _wait("f", deferrable=True)\n',
        'with DAG("d"):\n    _wait("f")\n    _wait("g", deferrable=False)\n',
        'with DAG("d"):\n    _wait("f", **{"deferrable": True})\n',
        'with DAG("d"):\n    _wait("f", **unknown())\n',
        'with DAG("d"):\n    _wait(*unknown())\n',
        'with DAG("d"):\n    _wait("f")\n    list(map(_wait, "gh"))\n',
        'with DAG("d"):\n    _wait("f", default_args={"deferrable": True})\n',
        'with DAG("d", default_args={"deferrable": True}):\n    _wait("f")\n',
        'dag = DAG("d", default_args={"deferrable": True})\n_wait("f", dag=dag)\n',
        'with DAG("d"):\n    _wait("f", timeout=30)\n',
        'with DAG("d"):\n    _wait("f", timeout=30)\n    _wait("g", timeout=900)\n',
        'with DAG("d"):\n    _wait("f", timeout=unknown())\n',
        "def test_it():\n    _wait('f')\n",
        'with DAG("d"):\n    _wait("f")\n_wait = other(_wait)\n_wait("f")\n',
    ],
)
def test_a_wrapper_whose_callers_settle_it_or_are_not_known(tmp_path: Path, rest: str) -> None:
    assert check(tmp_path, flow=WRAPPER.format(rest=rest)) == []


@pytest.mark.parametrize(
    "wrapper",
    [
        'def _wait(path, **kw):\n    kw["a"] = 1\n    return FileSensor(task_id="w", filepath=path, **kw)\n',
        'def _wait(path, **kw):\n    kw.setdefault("deferrable", True)\n    return FileSensor(filepath=path, **kw)\n',
        '@decorated\ndef _wait(path, **kw):\n    return FileSensor(task_id="w", filepath=path, **kw)\n',
        'def _wait(path, kw):\n    return FileSensor(task_id="w", filepath=path, **kw)\n',
        'def _wait(path, **kw):\n    return FileSensor(task_id="w", filepath=path, **kw, **unknown())\n',
        'def _wait(path, **kw):\n    return FileSensor(task_id="w", deferrable=True, filepath=path, **kw)\n',
    ],
)
def test_other_functions_stay_silent(tmp_path: Path, wrapper: str) -> None:
    text = DAG + FILE_SENSOR + wrapper + 'with DAG("d"):\n    _wait("f")\n'
    assert check(tmp_path, flow=text) == []


def test_a_nested_wrapper_is_private(tmp_path: Path) -> None:
    nested = "def build():\n    def wait(**kw):\n        return FileSensor(filepath='f', **kw)\n    wait()\n"
    text = DAG + FILE_SENSOR + nested + 'with DAG("d"):\n    build()\n'
    assert said(check(tmp_path, flow=text)) == [("missing-deferrable", 5)]


PUBLIC = FILE_SENSOR + "def wait(**kw):\n    return FileSensor(task_id='w', filepath='f', **kw)\n"


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        ("from dags.flow import wait\nwait()\n", [("missing-deferrable", 3)]),
        ("from dags import flow\nflow.wait()\n", [("missing-deferrable", 3)]),
        ("import dags.flow\ndags.flow.wait(pool='p')\n", [("missing-deferrable", 3)]),
        ("def wait():\n    pass\nwait()\n", []),  # another function: nobody calls ours
        ("from dags.flow import wait\nwait(deferrable=True)\n", []),
        ("from dags.flow import wait as w\nw()\n", []),
        ("from dags.flow import wait\nwaits = [wait]\n", []),
        ("from elsewhere.flow import wait\nwait()\n", []),
        ("from dags.flow import wait\nwait()\nthing.wait()\n", []),
        ("from dags.flow import *\nwait(deferrable=True)\n", []),
        ("this is no python: wait(\n", []),
    ],
)
def test_a_public_wrapper_needs_the_whole_projects_callers(
    tmp_path: Path, caller: str, expected: list[tuple[str, int]]
) -> None:
    assert said(check(tmp_path, caller=caller, flow=PUBLIC)) == expected


def test_a_wrapper_around_an_own_class(tmp_path: Path) -> None:
    own = FILE_SENSOR + (
        "class Own(FileSensor):\n    def __init__(self, patience=900, **kw):\n"
        "        super().__init__(timeout=patience, **kw)\n"
    )
    wrapper = 'def _wait(path, **kw):\n    return Own(task_id="w", filepath=path, **kw)\n'
    imports = "from plugins.own import Own\n" + wrapper
    for given, expected in (
        ("", [("missing-deferrable", 4)]),
        (", pool='p'", [("missing-deferrable", 4)]),
        (", patience=3600", [("missing-deferrable", 4)]),
        (", patience=20", []),
        (", patience=unknown()", []),
        (", deferrable=True", []),
    ):
        text = flow(imports, f'with DAG("d"):\n    _wait("f"{given})\n')
        assert said(check(tmp_path, plugins__own=own, flow=text)) == expected, given


@pytest.mark.parametrize(
    "init",
    [
        "super().__init__(timeout=kwargs.pop('patience', 20), **kwargs)",
        "kwargs['timeout'] = find()\n        super().__init__(**kwargs)",
        "super().__init__(**kwargs)\n        self.timeout = find()",
    ],
)
def test_a_length_that_only_the_class_knows_is_doubt(tmp_path: Path, init: str) -> None:
    own = IMPORT + f"class Own(S3KeySensor):\n    {INIT}{init}\n"
    assert check(tmp_path, plugins__own=own, flow=flow()) == []


OWN_SENSOR = """\
from airflow.sdk import BaseSensorOperator


class TableReady(BaseSensorOperator):
    template_fields = ("table",)

    def __init__(self, *, table, conn_id="warehouse", **kwargs):
        super().__init__(**kwargs)
        self.table = table
        self.conn_id = conn_id

    def poke(self, context):
        self.log.info("looking for %s", self.table)
        rows = {}
        rows["n"] = self._count()
        rows.update(seen=True)
        return rows["n"] > 0

    def _count(self):
        return Hook(self.conn_id).get_first(f"select count(*) from {self.table}")[0]
"""
READY = 'with DAG("d"):\n    TableReady(task_id="a", table="t"{})\n'


def ready(root: Path, given: str = "", change: tuple[str, str] = ("", "")) -> list[tuple[str, int]]:
    assert change[0] in OWN_SENSOR
    own = OWN_SENSOR.replace(*change) if change[0] else OWN_SENSOR
    imports = "from plugins.own import TableReady\n"
    return said(check(root, plugins__own=own, flow=flow(imports, READY.format(given))))


def test_a_sensor_class_of_the_project_pokes(tmp_path: Path) -> None:
    imports = "from plugins.own import TableReady\n"
    (finding,) = check(tmp_path, plugins__own=OWN_SENSOR, flow=flow(imports, READY.format("")))
    assert (finding.rule, finding.span.line, finding.fix) == ("poke-sensor", 4, None)
    assert finding.message.startswith("TableReady holds a worker slot between pokes, 60 s apart")
    here = OWN_SENSOR + DAG + READY.format(", poke_interval=600")
    (finding,) = check(tmp_path, flow=here)
    assert "10 min apart" in finding.message


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        (', mode="reschedule"', []),
        (', mode="reschedule", poke_interval=5', ["short-reschedule"]),
        (", timeout=300", []),
        (", poke_interval=10", []),
        (", **anything", []),
        (", deferrable=True", ["unsupported-deferrable"]),
    ],
)
def test_what_is_given_to_a_sensor_class_of_the_project_counts(
    tmp_path: Path, given: str, rules: list[str]
) -> None:
    assert [rule for rule, _ in ready(tmp_path, given)] == rules


@pytest.mark.parametrize(
    "change",
    [
        ("super().__init__(**kwargs)", 'super().__init__(mode="reschedule", **kwargs)'),
        (
            "super().__init__(**kwargs)",
            'kwargs.setdefault("mode", "reschedule")\n        super().__init__(**kwargs)',
        ),
        ("self.table = table", 'self.table = table\n        self.mode = "reschedule"'),
        ("super().__init__(**kwargs)", "super().__init__(timeout=120, **kwargs)"),
        ('return rows["n"] > 0', "self.seen = rows\n        return bool(self.seen)"),
        ('return rows["n"] > 0', "self.polls += 1\n        return self.polls > 3"),
        ('return rows["n"] > 0', "self.polls, n = 1, 2\n        return n"),
        ('return rows["n"] > 0', 'self.seen["n"] = 1\n        return False'),
        ('return rows["n"] > 0', "self.seen.append(rows)\n        return len(self.seen) > 2"),
        ('return rows["n"] > 0', 'setattr(self, "n", 1)\n        return False'),
        ('return rows["n"] > 0', "context['ti'].xcom_push('rows', rows)\n        return True"),
        ("    def poke", "    def execute(self, context):\n        return 1\n\n    def poke"),
        ("class TableReady", "@poke_mode_only\nclass TableReady"),
        ("(BaseSensorOperator)", "(Unknown, BaseSensorOperator)"),
        ("    def poke(", "    @property\n    def reschedule(self):\n        return True\n\n    def poke("),
    ],
)
def test_a_sensor_class_of_the_project_that_may_need_its_slot_is_silent(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    assert ready(tmp_path, change=change) == []


def test_the_base_class_of_sensors_makes_no_task(tmp_path: Path) -> None:
    call = 'with DAG("d"):\n    BaseSensorOperator(task_id="a")\n'
    assert check(tmp_path, flow=flow("from airflow.sdk import BaseSensorOperator\n", call)) == []
