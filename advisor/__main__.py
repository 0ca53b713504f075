"""`python -m advisor`, the same as the command `dag-advisor`."""

import sys

from advisor.cli import main

sys.exit(main())
