"""A service that cannot start."""

import sys

if __name__ == "__main__":
    sys.exit("TANDEM_MONGO__URL is not usable")
