"""The AsyncAPI 3 document: channels, keys, headers, retention, messages with examples, for other systems (N1)."""

import json
from typing import Any

from shared.contracts.base import Contract
from shared.contracts.catalogue import CONTRACTS, on_topic, summary
from shared.contracts.samples import sample
from shared.contracts.topics import TOPICS, Topic

VERSION = "1.0.0"
_TEXT = {"type": "string"}
HEADERS: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0 attributes in Kafka's binary mode. Read them without regard to their order; ignore unknown ones.",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence", "ce_correlationid"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": _TEXT | {"description": "Given once, when the fact happens; a second copy carries the same id and changes nothing."},
        "ce_type": _TEXT | {"description": "tandem.<service>.<aggregate>.<fact>.v<major>"},
        "ce_source": _TEXT | {"description": "/tandem/<service>"},
        "ce_subject": _TEXT | {"description": "The aggregate's id; equals the record's key."},
        "ce_time": _TEXT | {"format": "date-time"},
        "ce_dataschema": _TEXT | {"format": "uri"},
        "ce_partitionkey": _TEXT,
        "ce_sequence": _TEXT | {"pattern": "^[0-9]+$", "description": "Counts the facts of one subject: 1, 2, 3 … without a gap."},
        "ce_correlationid": _TEXT | {"description": "The same from the request to the last effect."},
        "ce_causationid": _TEXT | {"description": "The event that led to this one, if one did."},
        "traceparent": _TEXT,
        "content-type": {"const": "application/json"},
    },
}


def _name(contract: type[Contract]) -> str:
    return contract.TYPE.replace(".", "_").replace("-", "_")


def _message(contract: type[Contract]) -> dict[str, Any]:
    schema = contract.model_json_schema(mode="serialization", ref_template="#/components/schemas/" + _name(contract) + "/$defs/{model}")
    return {
        "name": contract.TYPE,
        "title": contract.__name__,
        "summary": summary(contract),
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/CloudEventsHeaders"},
        "payload": {"$ref": f"#/components/schemas/{_name(contract)}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": f"{contract.TOPIC.key} of the subject"}}},
        "examples": [_example(contract)],
        "x-schema": schema,
    }


def _example(contract: type[Contract]) -> dict[str, Any]:
    record = sample(contract)
    return {"name": contract.__name__, "headers": dict(record.headers), "payload": json.loads(record.value)}


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "title": topic.name,
        "description": _kept(topic),
        "messages": {_name(contract): {"$ref": f"#/components/messages/{_name(contract)}"} for contract in on_topic(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "topicConfiguration": {
                    "cleanup.policy": [topic.settings["cleanup.policy"]],
                    "max.message.bytes": topic.max_message_bytes,
                }
                | ({} if topic.retention is None else {"retention.ms": int(topic.settings["retention.ms"])}),
            }
        },
    }


def _kept(topic: Topic) -> str:
    text = f"{topic.kind.value} of {topic.owner}; key {topic.key}; ordered per key by ce_sequence; "
    if topic.retention is None:
        return text + "compacted: the newest record of each key stays, a null value means that the key was erased."
    return text + f"kept for {topic.retention.days} days: read from the beginning to know everything."


def document() -> dict[str, Any]:
    """Return the whole document as plain data."""
    messages = {_name(contract): _message(contract) for contract in CONTRACTS}
    schemas = {name: message.pop("x-schema") for name, message in messages.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tandem events",
            "version": VERSION,
            "description": "Facts about members, rounds, pairings, sessions and deliveries. At least once, in order per key; "
            "drop an event whose ce_id was seen. Facts carry ids, codes, times and numbers, never names or free text.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {
            f"send-{topic.name}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "summary": f"{topic.owner} publishes {topic.name}.",
            }
            for topic in TOPICS
        },
        "components": {"messages": messages, "schemas": {"CloudEventsHeaders": HEADERS} | schemas},
    }
