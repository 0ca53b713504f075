"""Files are found, read and written without ever hanging, lying or losing a byte."""

from __future__ import annotations

import ast
import errno
import os
import random
import resource
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from advisor.files import (
    CannotWrite,
    ChangedMeanwhile,
    Found,
    Unreadable,
    decode,
    encode,
    find,
    read,
    write_atomically,
)

# Bytes and text


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (b"", "utf-8", ""),
        ("ü\r\nx\rx\n\f".encode(), "utf-8", "ü\r\nx\rx\n\f"),
        (b"\xef\xbb\xbfx = 1", "utf-8", "x = 1"),
        (b"\xef\xbb\xbf# coding: utf8\nx", "utf-8", "# coding: utf8\nx"),
        (b"# -*- coding: latin-1 -*-\n\xe4", "iso8859-1", "# -*- coding: latin-1 -*-\n\xe4"),
        (b"#!/bin/python\r\n# vim: set fileencoding=cp1252 :\r\n\x80", "cp1252", None),
        (b"\r# coding: cp1252\r\x80", "cp1252", "\r# coding: cp1252\r\u20ac"),
        (b"x = 1\n# coding: cp1252\n", "utf-8", None),  # line 1 is code
        (b"\n\n# coding: cp1252\n", "utf-8", None),  # line 3
        (b"x = 'coding: nope'\n", "utf-8", None),
        (b"# coding: utf-8-sig\n", "utf-8", None),
        (b"# coding: UTF_8\n", "utf-8", None),
    ],
)
def test_decoding_is_what_python_does_and_turns_back(data: bytes, encoding: str, text: str | None) -> None:
    source = decode(data)
    assert source.encoding == encoding
    assert source.bom == data.startswith(b"\xef\xbb\xbf")
    assert text is None or source.text == text
    assert encode(source, source.text) == data


@pytest.mark.parametrize(
    ("data", "message", "line", "column"),
    [
        (b"x = 1\ny\0z", "null byte", 2, 2),
        (b"x = 1\r\xc3\xa4\xe4 = 2", "not valid utf-8 (byte 0xe4)", 2, 2),
        (b"\xc3", "not valid utf-8", 1, 1),
        ("x = 1".encode("utf-16"), "UTF-16", 1, 1),
        ("x = 1".encode("utf-32"), "UTF-16", 1, 1),
        ("x = 1".encode("utf-16-le"), "null byte", 1, 2),
        (b"# coding: nope\n", "`nope` is unknown", 1, 11),
        (b"#\n# coding: utf-16\n", "can't be the encoding", 2, 11),
        (b"# coding: rot13\n", "can't be the encoding", 1, 11),
        (b"# coding: hex\n", "can't be the encoding", 1, 11),
        (b"# coding: idna\n", "can't be the encoding", 1, 11),
        (b"# coding: ascii\nx = '\xc3\xa4'\n", "not valid ascii (byte 0xc3)", 2, 6),
        (b"\xef\xbb\xbf# coding: latin-1\n", "byte order mark says UTF-8", 1, 11),
        (b"# coding: unicode_escape\nx = '\\ud800'", "lone surrogate", 2, 6),
        (b"# coding: unicode_escape\nx = '\\0'", "null character", 2, 6),
        (b"# coding: ..\n", "unknown", 1, 11),
    ],
)
def test_what_python_can_not_read_is_said_with_its_place(
    data: bytes, message: str, line: int, column: int
) -> None:
    with pytest.raises(Unreadable) as caught:
        decode(data)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)
    if b"idna" not in data:  # Python would try, in quadratic time
        with pytest.raises((SyntaxError, ValueError)):
            ast.parse(data)


def test_large_file_is_decoded_quickly() -> None:
    data = b"x = '\xc3\xa4'\r\n" * 300_000
    started = time.monotonic()
    source = decode(data)
    assert encode(source, source.text) == data
    assert time.monotonic() - started < 2


# Finding


def tree(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x = 1\n")


def found(root: Path, *paths: str, exclude: Sequence[str] = ()) -> list[str]:
    """The paths found below `root`, relative to it; an error is told by `!` behind the path."""
    given = [str(root / path) for path in paths or [""]]
    result = list(find(given, exclude=exclude, root=root))
    assert result == sorted(result, key=lambda one: one.path)
    return [os.path.relpath(one.path, root) + ("!" if one.error else "") for one in result]


def test_folders_are_walked_in_order_and_tools_folders_skipped(tmp_path: Path) -> None:
    tree(
        tmp_path, "b.py", "a/z.py", "a/b.pyi", "a/c.txt", "a.py", "x.py/y.py",
        ".venv/v.py", "venv/v.py", ".git/g.py", "node_modules/n.py", "__pycache__/p.py", ".tox/t.py",
        "env/pyvenv.cfg", "env/lib/e.py", "build/dag.py", "out/build/bdist.linux/x.py", "out/build/lib/y.py",
    )  # fmt: skip
    assert found(tmp_path) == ["a.py", "a/z.py", "b.py", "build/dag.py", "x.py/y.py"]
    # Named outright, everything is read.
    assert found(tmp_path, "venv", "a/c.txt", "env") == ["a/c.txt", "env/lib/e.py", "venv/v.py"]


def test_paths_are_shown_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "dags/a.py", "b.py")
    monkeypatch.chdir(tmp_path)
    here = Path()
    assert [one.path for one in find(["."], root=here)] == ["b.py", "dags/a.py"]
    assert [one.path for one in find(["./dags/"], root=here)] == ["dags/a.py"]
    assert [one.path for one in find(["./b.py", str(tmp_path / "dags")], root=here)] == [
        "./b.py",
        f"{tmp_path}/dags/a.py",
    ]
    # Each file once, however often it is named.
    assert [one.path for one in find(["dags", ".", "b.py", "dags/a.py"], root=here)] == ["b.py", "dags/a.py"]


def _as_git_lists(folder: Path) -> list[str]:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "-o", "--exclude-standard", "*.py"], cwd=folder, capture_output=True, check=True
    )
    return sorted(listed.stdout.decode().split("\n")[:-1])


def test_gitignore_files_are_honoured_as_git_does(tmp_path: Path) -> None:
    tree(
        tmp_path, "a.py", "gen/a.py", "sub/gen.py", "sub/keep_gen.py", "sub/deep/x.py", "sub/deep/y.py",
        "top.py", "sub/top.py", "bad/b.py",
    )  # fmt: skip
    (tmp_path / ".gitignore").write_text("# generated\ngen/\n*gen.py\n/top.py\n!!\n[\n" + "*a" * 50 + "\n")
    (tmp_path / "sub/.gitignore").write_bytes(b"!keep_gen.py\ndeep/x.py\n\xff\n")
    (tmp_path / "bad/.gitignore").mkdir()
    expected = ["a.py", "bad/b.py", "sub/deep/y.py", "sub/keep_gen.py", "sub/top.py"]
    assert _as_git_lists(tmp_path) == expected
    assert found(tmp_path) == expected
    # From below, what the folders above say still holds, except for what was named.
    assert found(tmp_path, "sub") == ["sub/deep/y.py", "sub/keep_gen.py", "sub/top.py"]
    assert found(tmp_path, "gen", "sub/gen.py") == ["gen/a.py", "sub/gen.py"]


@pytest.mark.parametrize("seed", range(20))
def test_plain_lines_of_a_gitignore_mean_what_git_takes_them_for(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = ["a", "b", "a.py", "b.c.py", ".d", "c.py"]
    files = {
        "/".join([*chance.choices(["a", "b", ".d", "d.py"], k=chance.randint(0, 3)), "x.py"])
        for _ in range(9)
    }
    files |= {"/".join([*chance.choices(["a", "b", ".d"], k=2), name]) for name in ("a.py", "b.c.py", "c.py")}
    for name in sorted(files):
        if not (tmp_path / name).is_dir():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("")
    lines = [
        *names,
        "a/",
        "b/",
        ".d/",
        "d.py/",
        "d.py",
        "*.py",
        "*.c",
        "*.c.py",
        "/a",
        "a/b",
        "",
        "# a",
        "*.d ",
        " b",
    ]
    for folder in ("", "a", "b"):
        if (tmp_path / folder).is_dir():
            chosen = chance.sample(lines, 3) + chance.sample(["!a.py", "", ""], 1)
            (tmp_path / folder / ".gitignore").write_text("\n".join(chosen))
    assert found(tmp_path) == _as_git_lists(tmp_path)


_TAKEN_BACK = [
    "*", "/*", "*/", "/*/", "**", "**/", "*.py", "?.py", "[ab].py", "a.py", "d*", "/", "!/", "\\!x.py",
    "dags", "dags/", "/dags", "/dags/*", "dags/*", "dags/**", "dags/*/b.py", "dags/sub/deep/", "sub",
    "sub/*", "**/sub/",
    "lib/", "/lib/*", "**/lib", "lib/**/", "lib/**/a.py", "!*", "!*/", "!**", "!**/", "!*.py", "!a.py", "!/a.py",
    "!d*/", "!dags", "!dags/", "!/dags/", "!dags/**", "!dags/a.py", "!dags/*.py", "!dags/*/b.py", "!sub/",
    "!sub/b.py",
    "!dags/sub", "!dags/sub/", "!dags/sub/**", "!dags/sub/deep/a.py", "!**/sub/", "!lib/", "!/lib/sub", "!lib/**/",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_what_a_gitignore_takes_back_is_found_as_git_finds_it(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr("advisor.gitignore._OFTEN", chance.choice((2, 100)))
    tree(
        tmp_path, "a.py", "b.py", "!x.py", "dags/a.py", "dags/b.py", "dags/sub/a.py", "dags/sub/b.py",
        "dags/sub/deep/a.py", "lib/a.py", "lib/sub/b.py", "lib/sub/deep/sub/a.py",
        "other/x/dags/a.py", "other/x/lib/a.py",
    )  # fmt: skip
    for folder in (".", *(name for name in ("dags", "lib", "dags/sub") if chance.random() < 0.3)):
        chosen = chance.choices(_TAKEN_BACK, k=chance.randint(1, 6))
        (tmp_path / folder / ".gitignore").write_text("\n".join(chosen) + "\n")
    assert found(tmp_path) == _as_git_lists(tmp_path)


@pytest.mark.parametrize("lines", ["*\n!*/\n!*.py\n", "*\n!dags\n!dags/a.py\n", "dags/**\n!dags/a.py\n"])
def test_a_gitignore_that_lists_what_is_kept_hides_nothing(tmp_path: Path, lines: str) -> None:
    tree(tmp_path, "dags/a.py")
    (tmp_path / ".gitignore").write_text(lines)
    assert found(tmp_path) == ["dags/a.py"] == _as_git_lists(tmp_path)


def test_exclude_is_relative_to_the_root_and_spares_named_files(tmp_path: Path) -> None:
    tree(tmp_path, "dags/a.py", "dags/old/b.py", "tests/dags/c.py")
    assert found(tmp_path, exclude=["/dags/old", "tests/"]) == ["dags/a.py"]
    assert found(tmp_path, "dags/old/b.py", exclude=["dags/"]) == ["dags/old/b.py"]


def test_links(tmp_path: Path) -> None:
    tree(tmp_path, "in/a.py", "in/b.txt", "out/secret.py")
    inside = tmp_path / "in"
    (inside / "loop").symlink_to(inside)
    (inside / "up").symlink_to(tmp_path)
    (inside / "same.py").symlink_to("a.py")
    (inside / "other.py").symlink_to("b.txt")
    (inside / "secret.py").symlink_to(tmp_path / "out/secret.py")
    (inside / "self.py").symlink_to("self.py")
    (inside / "gone.py").symlink_to("nothing.py")
    (inside / ".#a.py").symlink_to("me@host.1:2")
    assert found(tmp_path, "in") == ["in/a.py", "in/gone.py!", "in/other.py", "in/self.py!"]
    # Links that were named are followed.
    (tmp_path / "link").symlink_to(inside)
    assert "link/a.py" in found(tmp_path, "link")
    assert found(tmp_path, "in/secret.py", "in/same.py") == ["in/same.py", "in/secret.py"]
    errors = {
        one.path: one for one in find([str(inside / "self.py"), str(inside / "gone.py")], root=tmp_path)
    }
    assert "leads back to itself" in str(errors[str(inside / "self.py")].error)
    assert errors[str(inside / "gone.py")] == Found(
        str(inside / "gone.py"), "the path is a link that leads nowhere", missing=True
    )


def test_missing_and_special_paths_are_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "a.py").write_bytes(b"")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.py"))
        assert found(tmp_path) == ["a.py"]
        told = {
            one.path: one
            for one in find(
                [str(tmp_path / name) for name in ("pipe.py", "socket.py", "no.py", "a.py/b.py", "x\0y")]
                + ["/dev/zero"],
                root=tmp_path,
            )
        }
    assert [(os.path.basename(one.path), one.error, one.missing) for one in told.values()] == [
        ("zero", "the path is a device, not a file", False),
        ("b.py", "the path does not exist", True),
        ("no.py", "the path does not exist", True),
        ("pipe.py", "the path is a named pipe, not a file", False),
        ("socket.py", "the path is a socket, not a file", False),
        ("x\0y", "the path does not exist", True),
    ]


def test_odd_names(tmp_path: Path) -> None:
    names = [b"new\nline.py", b"\x1b[31mred.py", b"\xff\xfe.py", "ü.py".encode(), b"-x.py", b" .py"]
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"x = 1\n")
    (tmp_path / ".gitignore").write_text("nothing\n")
    result = list(find([str(tmp_path)], root=tmp_path))
    assert {os.fsencode(os.path.basename(one.path)) for one in result} == set(names)
    assert all(read(one.path) == b"x = 1\n" for one in result)


def test_deep_folders(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(150):
        deep = deep / "f"
    tree(deep, "a.py")
    assert found(tmp_path) == ["f/" * 150 + "a.py"]


def as_nobody(work: Callable[[], None]) -> None:
    """Do `work` without root's rights: in a child of its own, if we have them."""
    if os.geteuid() != 0:
        work()
        return
    child = os.fork()
    if child == 0:  # pragma: no cover
        code = 1
        try:
            os.setgid(65534)
            os.setuid(65534)
            work()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def open_to_all(folder: Path) -> None:
    for one in (folder, *folder.parents):
        if one.stat().st_uid == os.geteuid() and one != Path("/"):
            one.chmod(one.stat().st_mode | 0o755)


def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    open_to_all(tmp_path)
    tree(tmp_path, "a.py", "closed/b.py", "secret.py")
    (tmp_path / "secret.py").chmod(0)
    (tmp_path / "closed").chmod(0)

    def work() -> None:
        assert found(tmp_path) == ["a.py", "closed!", "secret.py"]
        with pytest.raises(Unreadable, match="permission denied"):
            read(str(tmp_path / "secret.py"))

    try:
        as_nobody(work)
    finally:
        (tmp_path / "closed").chmod(0o755)


def test_pathspec_is_imported_only_for_a_gitignore(tmp_path: Path) -> None:
    tree(tmp_path, "plain/a.py", "ruled/b.py")
    (tmp_path / "ruled/.gitignore").write_text("x*y\n")
    for folder, imported in (("plain", False), ("ruled", True)):
        program = (
            "import sys; from pathlib import Path; from advisor import files;"
            f"list(files.find([{str(tmp_path / folder)!r}], root=Path('/')));"
            f"sys.exit(('pathspec' in sys.modules) != {imported})"
        )
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# Reading and writing


def test_read_never_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    for path, message in (
        (str(tmp_path / "pipe.py"), "named pipe"),
        ("/dev/zero", "a device"),
        (str(tmp_path), "directory"),
        (str(tmp_path / "no.py"), "no such file"),
        ("a\0b", "null"),
    ):
        with pytest.raises(Unreadable, match=message):
            read(path)
    huge = tmp_path / "huge.py"
    with huge.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(Unreadable, match="larger than 64 MB"):
        read(str(huge))


def test_write_keeps_mode_and_link(tmp_path: Path) -> None:
    real = tmp_path / "real" / "a.py"
    tree(tmp_path, "real/a.py")
    real.chmod(0o754)
    link = tmp_path / "link.py"
    link.symlink_to("real/a.py")
    write_atomically(str(link), b"y = 2\n", b"x = 1\n")
    assert link.is_symlink()
    assert real.read_bytes() == b"y = 2\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o754
    assert sorted(os.listdir(real.parent)) == ["a.py"]


def test_hard_link_keeps_the_old_text(tmp_path: Path) -> None:
    tree(tmp_path, "a.py")
    os.link(tmp_path / "a.py", tmp_path / "b.py")
    write_atomically(str(tmp_path / "a.py"), b"new\n", b"x = 1\n")
    assert (tmp_path / "a.py").read_bytes() == b"new\n"
    assert (tmp_path / "b.py").read_bytes() == b"x = 1\n"


def test_file_that_changed_is_left(tmp_path: Path) -> None:
    tree(tmp_path, "a.py")
    with pytest.raises(ChangedMeanwhile):
        write_atomically(str(tmp_path / "a.py"), b"new\n", b"x = 0\n")
    assert (tmp_path / "a.py").read_bytes() == b"x = 1\n"
    (tmp_path / "a.py").unlink()
    with pytest.raises(CannotWrite, match="no such file"):
        write_atomically(str(tmp_path / "a.py"), b"new\n", b"x = 1\n")
    assert os.listdir(tmp_path) == []


def test_read_only_file_and_folder_are_left(tmp_path: Path) -> None:
    open_to_all(tmp_path)
    tree(tmp_path, "a.py", "closed/b.py")
    (tmp_path / "a.py").chmod(0o444)
    with pytest.raises(CannotWrite, match=r"^the file is read-only$"):
        write_atomically(str(tmp_path / "a.py"), b"new\n", b"x = 1\n")
    (tmp_path / "closed").chmod(0o555)
    (tmp_path / "closed/b.py").chmod(0o666)

    def work() -> None:
        with pytest.raises(CannotWrite, match="permission denied") as caught:
            write_atomically(str(tmp_path / "closed/b.py"), b"new\n", b"x = 1\n")
        assert caught.value.errno == errno.EACCES

    as_nobody(work)
    assert (tmp_path / "a.py").read_bytes() == b"x = 1\n"
    assert (tmp_path / "closed/b.py").read_bytes() == b"x = 1\n"
    assert os.listdir(tmp_path / "closed") == ["b.py"]


def test_disk_that_is_full_leaves_the_file(tmp_path: Path) -> None:
    tree(tmp_path, "a.py")

    def work() -> None:
        # A limit on the size of files fails in the same call as a full disk does.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(CannotWrite, match="file too large"):
            write_atomically(str(tmp_path / "a.py"), b"new\n" * 1000, b"x = 1\n")

    child = os.fork()
    if child == 0:  # pragma: no cover
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (tmp_path / "a.py").read_bytes() == b"x = 1\n"
    assert os.listdir(tmp_path) == ["a.py"]


_WRITER = """
    import sys
    from advisor.files import CannotWrite, read, write_atomically
    path = sys.argv[1]
    print("ready", flush=True)
    while True:
        old = read(path)
        new = b"b" * 200_000 if old[:1] == b"a" else b"a" * 300_000
        try:
            write_atomically(path, new, old)
        except CannotWrite:
            pass
"""


@pytest.mark.parametrize(
    ("number", "writers"), [(signal.SIGKILL, 1), (signal.SIGINT, 1), (signal.SIGKILL, 2)]
)
def test_killed_at_any_moment_the_file_is_whole(tmp_path: Path, number: signal.Signals, writers: int) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"a" * 300_000)
    for turn in range(6):
        running = [
            subprocess.Popen(
                [sys.executable, "-c", textwrap.dedent(_WRITER), str(path)],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            for _ in range(writers)
        ]
        for one in running:
            assert one.stdout is not None
            one.stdout.readline()
        time.sleep(0.01 + 0.007 * turn)
        for one in running:
            one.send_signal(number)
            one.wait()
            assert one.stdout is not None
            one.stdout.close()
        data = path.read_bytes()
        assert data in (b"a" * 300_000, b"b" * 200_000)
    if number == signal.SIGINT:
        assert os.listdir(tmp_path) == ["a.py"]
