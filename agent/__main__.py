"""``python -m agent`` is the ``tradecraft`` command."""

import sys

from agent.cli import main

sys.exit(main())
