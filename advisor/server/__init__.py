"""The language server: what `check`, `fix`, `explain` and `catalog show` say, in the editor while people type."""
