"""One file per rule; the package ships as `advisor.rules` and its modules are discovered, never listed."""
