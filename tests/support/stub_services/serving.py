"""Answers `/ready` on the port that the environment names, says in its log what it was told."""

import asyncio
import json
import os
from pathlib import Path


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
    await writer.drain()
    writer.close()


async def serve(name: str) -> None:
    """Serve until the end."""
    told = {key: value for key, value in sorted(os.environ.items()) if key.startswith("TANDEM_")}
    await asyncio.get_running_loop().run_in_executor(None, Path(told["TANDEM_LOG__FILE"]).write_text, json.dumps(told) + "\n")
    server = await asyncio.start_server(_answer, "127.0.0.1", int(told[f"TANDEM_{name.upper()}_HTTP_PORT"]))
    await server.serve_forever()
