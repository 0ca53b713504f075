"""One file's bytes in, findings out: no input, no output, no state between files but what the project remembers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from advisor import suppressions, syntax
from advisor.catalog.lookup import Catalog
from advisor.config import Settings
from advisor.dagfile import DagFile
from advisor.decoding import Unreadable, decode
from advisor.finding import Finding, Fix, Span
from advisor.firstparty import first_party
from advisor.mentions import mentions
from advisor.project import Project
from advisor.records import dataclass, replace
from advisor.rule import Group, Rule, discover, groups, select
from advisor.syntax import SyntaxFailure, Tree
from advisor.target import Target

UNREADABLE = "unreadable-file"
_NEWEST_AIRFLOW = (3, 3)  # what the shipped catalog was extracted from

_TRACES = (b"airflow", b"astronomer.providers")
_IMPORTS = (b"from airflow", b"import airflow", b"from astronomer", b"import astronomer")
_WIDE_TRACES = ("airflow".encode("utf-16-le"), "airflow".encode("utf-16-be"))
_CLASS_NAME = re.compile(rb"[A-Z]\w{5,}")
_SUPPRESSION = b"dag-advisor:"
# Begins with a rare sign, which makes it faster than a word for each.
_DECORATOR = re.compile(rb"@[\w.]*(?:task|setup|teardown|asset)\b")
# Looked for where a file holds another word already: a regular expression costs more than all words.
_TASKS = re.compile(
    rb"python_callable|def (?:a?execute|poke)|@[\w.]*_task\b|[@.](?:task|setup|teardown|asset)\b"
    rb"|\b(?:task|setup|teardown|asset)(?: as\b|\()"
)
_ABOUT_TASKS: Group = "async-tasks"  # the rules that have nothing to say where there is no task
_ASYNC = b"sync"  # in most of the words
_MANY = 100


@dataclass(frozen=True)
class Context:
    """What a run works with: the same for every file, but for the rules that a file's path takes out."""

    rules: list[Rule]
    catalog: Catalog
    target: Target
    settings: Settings
    project: Project


def prepare(
    settings: Settings, target: Target, *, cache: bool = True, tell: Callable[[str], None] | None = None
) -> Context:
    """The context of a run. Raises UnknownRule for a selector that names nothing.

    `cache`: whether what is read of the configured environment may be kept; `tell` is given a sentence before that
    takes time.
    """
    rules = select(discover(), settings.select, settings.ignore)
    # A file that can't be read is said so whatever is selected: silence would look like praise.
    unreadable = discover()[UNREADABLE]
    if unreadable not in rules and not {UNREADABLE, unreadable.group, "ALL"} & set(settings.ignore):
        rules.append(unreadable)
    catalog = Catalog.load()
    if target.environment:
        from advisor.catalog.local import local

        catalog = local(target.environment, settings.root, cache=cache, tell=tell)
    return Context(rules, catalog, target, settings, Project(str(settings.root)))


def has_trace(data: bytes) -> bool:
    """Whether a file says anything of Airflow; one that does not is not looked into."""
    if any(trace in data for trace in _TRACES):
        return True
    return b"\0" in data and any(trace in data for trace in _WIDE_TRACES)


def _imports_airflow(data: bytes) -> bool:
    return any(words in data for words in _IMPORTS) or b"\0" in data


def newest_airflow() -> tuple[int, ...]:
    """The Airflow version that an unknown target stands for."""
    return _NEWEST_AIRFLOW


def check(data: bytes, path: str, context: Context) -> list[Finding]:
    """The findings of one file, suppressions applied, in order.

    Bad input is a finding (`unreadable-file`), never an exception. A file with no trace of Airflow costs a substring
    search; one with no trace of our topic is only checked for being Python, and only if it imports from Airflow.
    """
    if not has_trace(data):
        return []
    try:
        text = decode(data).text
        if not _on_topic(data, path, context):
            if _imports_airflow(data):
                syntax.verify(text)
            return []
        tree = context.project.parsed(path, text) or syntax.parse(text)
        findings = _findings(tree, path, context)
    except (Unreadable, SyntaxFailure) as failure:
        span = Span(0, 0, failure.line, failure.column, failure.line, failure.column)
        return finish([Finding(span, failure.message, rule=UNREADABLE)], path, context)
    return finish(_grouped(_unsuppressed(findings, tree, context)), path, context)


def finish(findings: Iterable[Finding], path: str, context: Context) -> list[Finding]:
    """The findings of enabled rules, completed with path, severity and url, in their final order."""
    rules = {rule.name: rule for rule in context.rules}
    complete = [_completed(f, rules[f.rule], path) for f in findings if f.rule in rules]
    return sorted(complete, key=lambda finding: (finding.span.line, finding.span.column, finding.rule))


def _completed(finding: Finding, rule: Rule, path: str) -> Finding:
    severity = finding.severity or rule.severity
    return Finding(
        finding.span, finding.message, finding.fix, finding.symbol, severity, rule.name, path, rule.url
    )


def _on_topic(data: bytes, path: str, context: Context) -> bool:
    words, is_async = _words(context.rules), _ASYNC in data
    if _holds(data, words.anywhere) or (is_async and _holds(data, words.anywhere_async)):
        return True
    in_tasks = _holds(data, words.in_tasks) or (is_async and _holds(data, words.in_tasks_async))
    if in_tasks and _TASKS.search(data):  # coroutines of hooks, triggers and tests are another matter
        return True
    names, odd = _topic_names(context.catalog)
    # Nearly every name holds one of two words, which are looked for much faster than names.
    if b"Operator" not in data and b"Sensor" not in data and not any(name in data for name in odd):
        return _behind(data, path, context)
    # One by one: imports stand at the top, so that a file on our topic shows it early.
    if any(match[0] in names for match in _CLASS_NAME.finditer(data)):
        return True
    return _behind(data, path, context)


def _holds(data: bytes, words: tuple[bytes, ...]) -> bool:
    for word in words:  # noqa: SIM110  # a generator costs a fifth more
        if word in data:
            return True
    return False


def _behind(data: bytes, path: str, context: Context) -> bool:
    """Whether a file gets an operator class from its project, or has tasks that lead to a word of a rule's `BEHIND`."""
    if first_party(context.project, context.catalog).mentioned(data, path):
        return True
    words = _words(context.rules).behind
    if _holds(data, words) and _TASKS.search(data):
        return True
    if not (_DECORATOR.search(data) or b"python_callable" in data or b"def execute" in data):
        return False
    return any(mentions(context.project, word).led(path, data) for word in words)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words that rules ask for: of a file, of a file with tasks, and of what that imports.

    Those that hold `_ASYNC` stand apart. Looking for words is most of what a file off our topic costs.
    """

    anywhere: tuple[bytes, ...]
    anywhere_async: tuple[bytes, ...]
    in_tasks: tuple[bytes, ...]
    in_tasks_async: tuple[bytes, ...]
    behind: tuple[bytes, ...]


_word_cache: dict[int, tuple[list[Rule], _Words]] = {}


def _words(rules: list[Rule]) -> _Words:
    known = _word_cache.get(id(rules))
    if known is None or known[0] is not rules:
        if len(_word_cache) > _MANY:  # a server's runs never end, and every file may have rules of its own
            _word_cache.clear()
        anywhere = {_SUPPRESSION}.union(*(rule.topics for rule in rules if rule.group != _ABOUT_TASKS))
        in_tasks = set[bytes]().union(*(rule.topics for rule in rules if rule.group == _ABOUT_TASKS))
        behind = {word for rule in rules for word in rule.behind}
        words = _Words(*_sorted_out(anywhere), *_sorted_out(in_tasks), tuple(sorted(behind)))
        known = _word_cache[id(rules)] = rules, words
    return known[1]


def _sorted_out(words: set[bytes]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Words without those that hold another one of them (found with that one): the plain ones, those with `_ASYNC`."""
    kept = sorted(word for word in words if not any(part in word and part != word for part in words))
    return tuple(word for word in kept if _ASYNC not in word), tuple(word for word in kept if _ASYNC in word)


_topic_cache: dict[int, tuple[Catalog, frozenset[bytes], tuple[bytes, ...]]] = {}


def _topic_names(catalog: Catalog) -> tuple[frozenset[bytes], tuple[bytes, ...]]:
    """The names that rules may speak about, and those among them that hold neither "Operator" nor "Sensor"."""
    known = _topic_cache.get(id(catalog))
    if known is None:
        names = frozenset(name.encode() for name in catalog.names())
        odd = tuple(sorted(name for name in names if b"Operator" not in name and b"Sensor" not in name))
        # With the catalog itself: else another one could come to have its id.
        known = _topic_cache[id(catalog)] = catalog, names, odd
    return known[1], known[2]


def _findings(tree: Tree, path: str, context: Context) -> list[Finding]:
    own_calls = context.settings.blocking_calls
    dag_file = DagFile(tree, path, context.catalog, context.target, context.project, own_calls)
    findings: list[Finding] = []
    for rule in context.rules:
        options = context.settings.rule_options.get(rule.name, {})
        for finding in rule.run(dag_file, options):
            fix = dag_file.permitted(finding.fix, finding.span)
            findings.append(replace(finding, rule=rule.name, fix=fix))
    dag_file.forget()
    return findings


def _unsuppressed(findings: list[Finding], tree: Tree, context: Context) -> list[Finding]:
    found = suppressions.scan(tree.text)
    if not found:
        return findings
    enabled = {rule.name for rule in context.rules}
    known = discover()
    kept, unused = found.apply(findings, statement_lines(tree), enabled, known, groups(known))
    return [*kept, *unused]


def _grouped(findings: list[Finding]) -> list[Finding]:
    """The findings, with the fixes that stand or fall together called what the whole group is."""
    groups: dict[str, list[tuple[Finding, Fix]]] = {}
    for finding in findings:
        if finding.fix is not None and finding.fix.group:
            groups.setdefault(finding.fix.group, []).append((finding, finding.fix))
    if not groups:
        return findings
    missing = {name: max(fix.group_size for _, fix in group) - len(group) for name, group in groups.items()}
    worse = {
        name: next(((one, fix) for one, fix in group if fix.applicability == "unsafe"), None)
        for name, group in groups.items()
    }
    return [
        replace(one, fix=_as_its_group(one.fix, missing[one.fix.group], worse[one.fix.group]))
        if one.fix is not None and one.fix.group
        else one
        for one in findings
    ]


def _as_its_group(fix: Fix, missing: int, worse: tuple[Finding, Fix] | None) -> Fix:
    """`missing` uses of the name have no fix; `worse` is the first of the group that is unsafe."""
    if missing > 0:
        others = "another use" if missing == 1 else f"{missing} other uses"
        return Fix(
            "display-only", f"{fix.description}, by hand: it changes {others} of the imported name, too"
        )
    if fix.applicability != "safe" or worse is None:
        return fix
    caveat = f"line {worse[0].span.line} uses the same name, and there {worse[1].caveat}"
    return replace(fix, applicability="unsafe", caveat=caveat)


def statement_lines(tree: Tree) -> Callable[[int], tuple[int, int]]:
    """For a line, the first and last line of the innermost statement there (of a compound one: of its header)."""

    def lines(line: int) -> tuple[int, int]:
        start, end = tree.line_span(line)
        row = tree.text[start:end]
        offset = start + len(row) - len(row.lstrip())
        return tree.statement_lines(offset)

    return lines
