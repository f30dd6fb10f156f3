"""Starts the process: `python -m services.scheduling`."""

from services.scheduling.main import NAME, build
from services.scheduling.settings import SchedulingSettings
from shared.process import run_service

if __name__ == "__main__":
    raise SystemExit(run_service(NAME, SchedulingSettings, build))
