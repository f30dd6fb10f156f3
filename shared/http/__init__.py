"""What every service's HTTP side shares: the app, problems, who may call, idempotent commands, ETags, paging, reads of peers."""
