"""Starts matching: `python -m services.matching`."""

from services.matching.main import build
from services.matching.settings import MatchingSettings
from shared.process import run_service

if __name__ == "__main__":
    raise SystemExit(run_service("matching", MatchingSettings, build))
