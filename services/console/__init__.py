"""The `tandem` command: a client over HTTP and Kafka, which may also start what `deploy/local/` knows how to start."""
