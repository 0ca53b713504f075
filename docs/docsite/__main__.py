"""The commands of the documentation: build, links, outputs, pictures, schema."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from docsite import console, links, pictures, stage

USAGE = """\
Usage: .ci/docs [build | serve | links [--check] | outputs | pictures | schema]

  build     build the site strictly into build/docs/site (the default)
  serve     build it and show it on this machine
  links     list the external links; --check asks for each (needs the internet)
  outputs   write anew what the commands quoted in docs/*.md print
  pictures  draw docs/assets/*.svg anew
  schema    write docs/dag-advisor.schema.json anew
"""


def main(arguments: list[str]) -> int:
    """Runs one command; the exit code."""
    verb, *rest = arguments or ["build"]
    if verb in ("build", "serve"):
        stage.write()
        command = [
            sys.executable,
            "-m",
            "zensical",
            verb,
            "--config-file",
            str(stage.STAGE / "zensical.toml"),
        ]
        return subprocess.run([*command, *(["--strict", "--clean"] if verb == "build" else rest)]).returncode
    if verb == "links":
        addresses = links.external(stage.pages())
        if "--check" in rest:
            return links.check(addresses)
        sys.stdout.write("".join(f"{address}  {', '.join(its)}\n" for address, its in addresses.items()))
        return 0
    if verb == "outputs":
        for path in (stage.ROOT / "README.md", *sorted(stage.DOCS.glob("*.md"))):
            with tempfile.TemporaryDirectory() as folder:
                text = console.refreshed(path.read_text(encoding="utf-8"), Path(folder))
            path.write_text(text, encoding="utf-8")
        return 0
    if verb == "pictures":
        pictures.write()
        return 0
    if verb == "schema":
        from advisor.schema import dumps

        (stage.DOCS / "dag-advisor.schema.json").write_text(dumps(), encoding="utf-8")
        return 0
    sys.stderr.write(USAGE)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
