"""`--statistics`: how often each rule spoke and how much of it can be mended, instead of the findings."""

from __future__ import annotations

import json
from typing import TextIO

from advisor.report import Report, tallies
from advisor.report.full import emit
from advisor.report.json import as_data
from advisor.report.summary import table


def render(name: str, report: Report, out: TextIO) -> None:
    """Write the counts as a table, or as the JSON object with `statistics` in the place of `findings`."""
    found = tallies(report.findings)
    if name != "json":
        emit(table(found), report, out)
        return
    data = as_data(report)
    data["findings"] = None
    rows = [
        {
            "rule": tally.rule,
            "severity": tally.severity,
            "count": tally.count,
            "fixable": {"safe": tally.safe, "unsafe": tally.unsafe, "display-only": tally.shown},
        }
        for tally in found
    ]
    ordered = {key if key != "findings" else "statistics": value for key, value in data.items()}
    json.dump(ordered | {"statistics": rows}, out, indent=2)
    out.write("\n")
