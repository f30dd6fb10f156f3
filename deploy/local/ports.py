"""Free ports on 127.0.0.1, never the well-known ones of Kafka and MongoDB."""

import socket

LOOPBACK = "127.0.0.1"
TAKEN_BY_CUSTOM = (9092, 27017)
"""A developer's own broker or database may come up there at any moment."""


def free_ports(count: int) -> list[int]:
    """Return `count` different ports that nobody listens on right now."""
    holders: list[socket.socket] = []
    ports: list[int] = []
    try:
        while len(ports) < count:
            holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            holders.append(holder)
            holder.bind((LOOPBACK, 0))
            port = int(holder.getsockname()[1])
            if port not in TAKEN_BY_CUSTOM:
                ports.append(port)
    finally:
        for holder in holders:
            holder.close()
    return ports
