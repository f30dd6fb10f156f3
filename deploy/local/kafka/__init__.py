"""Kafka on one machine: Apache Kafka from Maven Central, or Tansu where there is no Java."""
