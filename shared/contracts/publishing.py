"""Write what is derived from the contracts: schemas, examples, catalogue, AsyncAPI; and hold released ones to their word.

`python -m shared.contracts.publishing` writes; with `release` it also copies the schemas of types that were never
released to `released/`, after which `v1` can only be extended compatibly: a breaking change needs `v2` beside it.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.contracts.asyncapi import document
from shared.contracts.base import Contract
from shared.contracts.catalogue import CONTRACTS, as_markdown
from shared.contracts.envelope import Envelope, schema_uri, source_of

ROOM = Path(__file__).parent


def as_json(value: Any) -> str:
    """Return `value` as committed JSON text: stable order, readable, newline at the end."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False) + "\n"


def schema_of(contract: type[Contract]) -> dict[str, Any]:
    """Return the JSON Schema of one version of an event, as written on the wire."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": schema_uri(contract.TYPE)} | contract.model_json_schema(
        mode="serialization"
    )


def _attributes(contract: type[Contract], key: str) -> dict[str, str]:
    envelope = Envelope(
        id="e7b1c0de-0000-4000-8000-000000000001",
        type=contract.TYPE,
        source=source_of(contract.TOPIC.owner),
        subject=key,
        time=datetime(2027, 1, 11, 9, 0, tzinfo=UTC),
        sequence=1,
        correlation_id="c0441e1a-0000-4000-8000-000000000001",
    )
    return {name.removeprefix("ce_"): value.decode() for name, value in envelope.headers() if name.startswith("ce_")}


def derived() -> dict[Path, str]:
    """Return every derived file of the contracts with the text it must have."""
    files = {ROOM / "CATALOGUE.md": as_markdown() + "\n", ROOM / "asyncapi.json": as_json(document())}
    for contract in CONTRACTS:
        example = contract.model_validate(contract.EXAMPLE)
        files[ROOM / "schemas" / f"{contract.TYPE}.json"] = as_json(schema_of(contract))
        files[ROOM / "examples" / f"{contract.TYPE}.json"] = as_json(
            {
                "topic": contract.TOPIC.name,
                "key": example.key,
                "attributes": _attributes(contract, example.key),
                "data": example.model_dump(mode="json"),
            }
        )
    return files


def write() -> int:
    """Write the derived files, remove stale ones, and return how many changed."""
    wanted = derived()
    changed = 0
    for folder in ("schemas", "examples"):
        for stale in sorted(set((ROOM / folder).glob("*.json")) - wanted.keys()):
            stale.unlink()
            changed += 1
    for path, text in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed += 1
    return changed


def release() -> int:
    """Copy the schemas of types that were never released, and return how many were new."""
    new = 0
    for contract in CONTRACTS:
        path = ROOM / "released" / f"{contract.TYPE}.json"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_text(as_json(schema_of(contract)), encoding="utf-8")
            new += 1
    return new


if __name__ == "__main__":
    sys.stdout.write(f"{write()} derived files changed\n")
    if sys.argv[1:] == ["release"]:
        sys.stdout.write(f"{release()} types released for the first time\n")
