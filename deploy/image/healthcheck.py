"""The container's healthcheck: asks one address on this machine and says by its exit code whether the answer was 200."""

import http.client
import sys
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 4.0
OK = 200


def main(arguments: list[str]) -> int:
    """Return 0 when `http://host:port/path` answers 200."""
    place = urlsplit(arguments[0])
    connection = http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", place.path or "/")
        return 0 if connection.getresponse().status == OK else 1
    except (OSError, http.client.HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
