"""The cache folder: marked as one, made once, and silent where it can't be made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from advisor.cachefolder import NAME, folder, keep


def test_the_folder_is_marked_for_git_and_for_backups(tmp_path: Path) -> None:
    made = folder(tmp_path)
    assert made == tmp_path / NAME
    assert (made / ".gitignore").read_bytes().splitlines()[-1] == b"*"
    assert (made / "CACHEDIR.TAG").read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55")


def test_a_mark_that_somebody_changed_stays(tmp_path: Path) -> None:
    made = folder(tmp_path)
    assert made is not None
    (made / ".gitignore").write_bytes(b"!keep\n")
    assert folder(tmp_path) == made
    assert (made / ".gitignore").read_bytes() == b"!keep\n"


def test_there_is_none_where_a_file_has_its_name_or_no_project_is(tmp_path: Path) -> None:
    assert folder(tmp_path / "gone") is None
    (tmp_path / NAME).write_text("a file")
    assert folder(tmp_path) is None


def test_files_are_kept_whole_and_nothing_is_left_beside_them(tmp_path: Path) -> None:
    keep(tmp_path / "one" / "file", b"first")
    keep(tmp_path / "one" / "file", b"second")
    assert (tmp_path / "one" / "file").read_bytes() == b"second"
    assert os.listdir(tmp_path / "one") == ["file"]


def test_what_can_t_be_kept_is_no_error(tmp_path: Path) -> None:
    keep(tmp_path / "gone" / "deep" / "file", b"data")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").mkdir()
    keep(tmp_path / "taken" / "file", b"data")
    assert os.listdir(tmp_path / "taken") == ["file"]
    assert not (tmp_path / "gone").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_project_has_none(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        assert folder(tmp_path) is None
    finally:
        tmp_path.chmod(0o755)
