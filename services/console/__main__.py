"""`python -m services.console` is the `tandem` command."""

import sys

from services.console.main import main

sys.exit(main())
