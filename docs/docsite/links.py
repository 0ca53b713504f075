"""The links of the site: internal ones that lead nowhere, and external ones, listed or asked for."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Mapping
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from docsite.blocks import prose

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_ADDRESS = re.compile(r"https?://[^\s)>\]|`\"]+[^\s)>\]|`\".,;:]")
_HEADING = re.compile(r"^#+ (.+?)(?: \{ #([\w-]+) \})?$", re.MULTILINE)
PATIENCE = 15  # seconds for an answer


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as the generator makes them."""
    found = set()
    for match in _HEADING.finditer(re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)):
        plain = re.sub(r"[^\w\s-]", "", match[1].replace("`", "")).strip().lower()
        found.add(match[2] or re.sub(r"[-\s]+", "-", plain))
    return found


def broken(pages: Mapping[str, str], files: set[str]) -> list[str]:
    """Internal links that lead nowhere, as `page: target`; `files` are the other files of the site."""
    found = []
    for name, page in pages.items():
        for target in _LINK.findall(prose(page)):
            if target.startswith(("https:", "http:", "mailto:")):
                continue
            path, _, anchor = target.partition("#")
            where = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            there = where in pages or where in files
            if not there or (anchor and anchor not in anchors(pages.get(where, ""))):
                found.append(f"{name}: {target}")
    return found


def external(pages: Mapping[str, str]) -> dict[str, list[str]]:
    """The addresses that pages link to outside of code, each with the pages that do."""
    found: dict[str, list[str]] = {}
    for name, page in pages.items():
        for address in _ADDRESS.findall(prose(page)):
            if name not in found.setdefault(address, []):
                found[address].append(name)
    return dict(sorted(found.items()))


def check(addresses: Mapping[str, list[str]]) -> int:
    """Asks for every address; prints what does not answer. 0: all do; 1: some do not; 2: no way out from here."""
    bad: dict[str, str] = {}
    unreached = 0
    for address in addresses:
        try:
            with urlopen(Request(address, headers={"User-Agent": "dag-advisor docs"}), timeout=PATIENCE):
                pass
        except HTTPError as error:
            # Some sites turn away whoever is no browser; the page is there.
            if error.code not in (403, 429):
                bad[address] = f"HTTP {error.code}"
        except (URLError, OSError) as error:
            bad[address] = str(getattr(error, "reason", error))
            unreached += 1
            if unreached == 3 and len(bad) == 3 and list(addresses)[2] == address:
                break  # the first three: it is this machine, not the pages
    if unreached and unreached == len(bad) and unreached >= min(3, len(addresses)):
        print(
            f"The first {unreached} of {len(addresses)} addresses could not be reached: this machine seems to have no "
            "way to the internet. Nothing was checked; run this where there is one.",
            file=sys.stderr,
        )
        return 2
    for address, why in bad.items():
        print(f"{address}: {why} (on {', '.join(addresses[address])})")
    print(f"{len(addresses) - len(bad)} of {len(addresses)} external links answer.")
    return 1 if bad else 0
