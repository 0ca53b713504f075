"""The documentation site: sources beside this package, rule pages and tables from the code, built by Zensical."""
