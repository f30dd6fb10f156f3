"""Where Kafka is and how we speak to it (`TANDEM_KAFKA__…`)."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from shared.contracts.topics import Topic

MEBIBYTE = 1_048_576


class KafkaSettings(BaseModel):
    """Kafka's address and what the message path needs to know. The values of `pipeline` are openly set, none is a default of a library."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap_servers: str = Field(default="127.0.0.1:9092", description="host:port, comma-separated")
    topic_prefix: str = Field(default="", description="put before every topic and group, for several deployments on one cluster")
    enable_idempotence: bool = Field(default=True, description="off only for a broker without idempotent producers")
    partitions: int = Field(default=3, ge=1, description="partitions of a topic that is made")
    replication_factor: int = Field(default=1, ge=1, description="3 in production")
    min_insync_replicas: int = Field(default=1, ge=1, description="2 in production")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(default="PLAINTEXT", description="how to connect")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(default="SCRAM-SHA-512", description="how to log in")
    sasl_username: str | None = Field(default=None, description="login, with SASL")
    sasl_password: SecretStr | None = Field(default=None, description="its password")
    ssl_cafile: str | None = Field(default=None, description="PEM file of the authority; the system's when unset")
    ssl_certfile: str | None = Field(default=None, description="PEM file of our certificate, where clients show one")
    ssl_keyfile: str | None = Field(default=None, description="PEM file of its key")
    group_instance_id: str | None = Field(default=None, description="a stable name of this replica, when it has one")
    batch_max_records: int = Field(default=200, ge=1, le=2_000, description="events per transaction")
    session_timeout_ms: int = Field(default=15_000, ge=1_000, description="a member unheard of for so long is replaced")
    heartbeat_interval_ms: int = Field(default=1_000, ge=100, description="how soon members learn of a rebalance")
    max_poll_interval_ms: int = Field(default=300_000, ge=3_000, description="the longest a batch may take")
    rebalance_timeout_ms: int = Field(default=60_000, ge=1_000, description="the longest wait for all members at a rebalance")
    graceful_timeout_seconds: float = Field(default=3.0, gt=0, description="how long a stop waits for the batch in hand")
    inbox_retention_days: int = Field(default=1_100, ge=1, description="beyond topic retention and the oldest dead letter")

    def name_of(self, topic: Topic) -> str:
        """Return the topic's name on the broker."""
        return f"{self.topic_prefix}{topic.name}"

    def group_of(self, service: str, topic: Topic) -> str:
        """Return the name on the broker of the group in which replicas of `service` share `topic`."""
        return f"{self.topic_prefix}{service}.{topic.name}"

    def client_options(self) -> dict[str, Any]:
        """Return what every aiokafka client needs to connect."""
        options: dict[str, Any] = {"bootstrap_servers": self.bootstrap_servers.split(","), "security_protocol": self.security_protocol}
        if self.security_protocol.endswith("SSL"):
            from aiokafka.helpers import create_ssl_context  # noqa: PLC0415 - reads files, and only TLS needs it

            options["ssl_context"] = create_ssl_context(cafile=self.ssl_cafile, certfile=self.ssl_certfile, keyfile=self.ssl_keyfile)
        if self.security_protocol.startswith("SASL"):
            password = self.sasl_password.get_secret_value() if self.sasl_password else None
            options |= {"sasl_mechanism": self.sasl_mechanism, "sasl_plain_username": self.sasl_username, "sasl_plain_password": password}
        return options
