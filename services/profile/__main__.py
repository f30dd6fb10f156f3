"""`python -m services.profile`: run the service until a signal ends it."""

import sys

from services.profile.main import build
from services.profile.settings import ProfileSettings
from shared.process import run_service

if __name__ == "__main__":
    sys.exit(run_service("profile", ProfileSettings, build))
