"""Start notification: `python -m services.notification`."""

from services.notification.main import NAME, build
from services.notification.settings import NotificationSettings, SmtpSettings
from shared.process import run_service

if __name__ == "__main__":
    raise SystemExit(run_service(NAME, NotificationSettings, build, extra=(SmtpSettings,)))
