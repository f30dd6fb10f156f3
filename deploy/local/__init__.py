"""Servers and services on one machine: finds or starts Kafka and MongoDB, starts the four services, stops what it started."""
