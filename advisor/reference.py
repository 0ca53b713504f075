"""The commands that look things up: explain, rules and catalog."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from advisor.options import UsageError
from advisor.rule import Rule, discover, groups
from advisor.text import Refusal, did_you_mean


def explain(options: Namespace) -> int:
    """`dag-advisor explain`: one rule's page, or all of them."""
    from advisor.report.pages import markdown

    rules = discover()
    if options.all == (options.rule is not None):
        raise UsageError(
            "`explain` takes one rule's name, or --all"
            + ("" if options.all else "; `dag-advisor rules` lists them")
        )
    if options.all:
        sys.stdout.write("\n---\n\n".join(markdown(rule) for rule in rules.values()))
        return 0
    name = options.rule
    held = groups(rules)
    if name not in rules and name != "ALL" and name in held:
        raise Refusal(f"`{name}` is a group, of {', '.join(f'`{rule}`' for rule in held[name])}")
    if name not in rules:
        raise Refusal(
            f"there is no rule `{name}`{did_you_mean(name, rules) or '; `dag-advisor rules` lists them'}"
        )
    sys.stdout.write(markdown(rules[name]))
    return 0


def rules(options: Namespace) -> int:
    """`dag-advisor rules`: every rule with its group, severity and fix."""
    found = discover()
    if options.output_format == "json":
        import json

        json.dump([_as_data(rule) for rule in found.values()], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return 0
    names = max((len(name) for name in found), default=0)
    for number, group in enumerate(dict.fromkeys(rule.group for rule in found.values())):
        sys.stdout.write(("\n" if number else "") + f"{group}\n")
        for rule in found.values():
            if rule.group == group:
                line = f"  {rule.name:<{names}}  {rule.severity:<7}  {rule.doc.title}  (fix: {rule.fixable})"
                sys.stdout.write(line.rstrip() + "\n")
    sys.stdout.write(
        "\n`dag-advisor explain RULE` prints a rule's page; `--select` takes rules and groups.\n"
    )
    return 0


def _as_data(rule: Rule) -> dict[str, object]:
    options = {name.replace("_", "-"): default for name, default in sorted(rule.options.items())}
    return {
        "name": rule.name,
        "group": rule.group,
        "severity": rule.severity,
        "fix": rule.fixable,
        "summary": rule.doc.title,
        "url": rule.url,
        "options": options,
    }


def catalog(options: Namespace) -> int:
    """`dag-advisor catalog show|search|export|scan|build`."""
    from advisor.catalog import commands

    verb, arguments = options.verb, options.arguments
    wanted = {"show": "CLASS", "search": "TEXT", "export": "", "scan": "PATH...", "build": "WHEELS"}[verb]
    if bool(arguments) != bool(wanted) or (len(arguments) > 1 and verb != "scan"):
        raise UsageError(f"write `dag-advisor catalog {verb}{' ' + wanted if wanted else ''}`")
    if options.output and verb != "build":
        raise UsageError("`--output` goes with `catalog build`")
    for path in arguments if verb in ("scan", "build") else ():
        if not Path(path).exists():
            raise Refusal(f"{path}: the path does not exist")
    try:
        if verb == "export":
            text = commands.export()
        elif verb == "build":
            text = commands.build(Path(arguments[0]), Path(options.output) if options.output else None)
        elif verb == "scan":
            text = commands.scan([Path(path) for path in arguments])
        else:
            text = (commands.show if verb == "show" else commands.search)(arguments[0])
    except LookupError as error:
        raise Refusal(str(error.args[0] if error.args else error)) from None
    sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")
    return 0
