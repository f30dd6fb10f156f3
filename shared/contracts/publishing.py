"""Write what is derived from the contracts: schemas, examples, catalogue, AsyncAPI; and hold released ones to their word.

`python -m shared.contracts.publishing` writes; with `release` it also copies the schemas of types that were never
released to `released/`, after which `v1` can only be extended compatibly: a breaking change needs `v2` beside it. And it
freezes each type's message in `golden/`, byte for byte: today's code must go on writing and reading them.
"""

import json
import sys
from pathlib import Path
from typing import Any

from shared.contracts.asyncapi import document
from shared.contracts.base import Contract
from shared.contracts.catalogue import CONTRACTS, as_markdown
from shared.contracts.envelope import schema_uri
from shared.contracts.samples import sample

ROOM = Path(__file__).parent


def as_json(value: Any) -> str:
    """Return `value` as committed JSON text: stable order, readable, newline at the end."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False) + "\n"


def schema_of(contract: type[Contract]) -> dict[str, Any]:
    """Return the JSON Schema of one version of an event, as written on the wire."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": schema_uri(contract.TYPE)} | contract.model_json_schema(
        mode="serialization"
    )


def derived() -> dict[Path, str]:
    """Return every derived file of the contracts with the text it must have."""
    files = {ROOM / "CATALOGUE.md": as_markdown() + "\n", ROOM / "asyncapi.json": as_json(document())}
    for contract in CONTRACTS:
        record = sample(contract)
        files[ROOM / "schemas" / f"{contract.TYPE}.json"] = as_json(schema_of(contract))
        files[ROOM / "examples" / f"{contract.TYPE}.json"] = as_json(
            {
                "topic": record.topic,
                "key": record.key,
                "attributes": {name.removeprefix("ce_"): value for name, value in record.headers.items() if name.startswith("ce_")},
                "data": json.loads(record.value),
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


def goldens(contract: type[Contract]) -> list[Path]:
    """Return the frozen messages of a type, oldest first: each is what some release wrote."""
    found = (ROOM / "golden").glob(f"{contract.TYPE}.*.json")
    return sorted(found, key=lambda path: int(path.name.split(".")[-2]))


def freeze() -> int:
    """Freeze today's message of each type that no release wrote like this, and return how many are new; none is ever changed."""
    new = 0
    for contract in CONTRACTS:
        text, frozen = as_json(sample(contract).as_plain()), goldens(contract)
        if not frozen or frozen[-1].read_text(encoding="utf-8") != text:
            path = ROOM / "golden" / f"{contract.TYPE}.{len(frozen) + 1}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            new += 1
    return new


if __name__ == "__main__":
    sys.stdout.write(f"{write()} derived files changed\n")
    if sys.argv[1:] == ["release"]:
        sys.stdout.write(f"{release()} types released for the first time\n")
        sys.stdout.write(f"{freeze()} messages frozen\n")
