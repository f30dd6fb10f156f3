"""A service that is well."""

import asyncio

from tests.support.stub_services.serving import serve

if __name__ == "__main__":
    asyncio.run(serve("first"))
