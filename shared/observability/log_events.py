"""Every action name that may stand in a log line, with one comment each (N17).

Names are static, `noun.verb`, and never change once released: alerts and dashboards hang on them. Free text, values
and payloads are not part of a line; ids, codes and numbers are its fields.
"""

# --- process (shared/process.py) ---
PROCESS_STARTED = "process.started"  # the process answers HTTP; the rest connects in the background
PROCESS_STOPPING = "process.stopping"  # a stop signal was taken; nothing new is accepted
PROCESS_STOPPED = "process.stopped"  # everything in hand is finished; how long it took
PART_STARTED = "part.started"  # a background part (indexes, topics, consumers, relay, timers) runs
PART_WAITING = "part.waiting"  # a part cannot start yet (broker or database away) and tries again
PART_DIED = "part.died"  # a background part failed; it is started again after a pause
PART_CUT = "part.cut"  # a part did not stop within its share of the time and was cut off
LIBRARY_LOGGED = "library.logged"  # a line of a library (uvicorn, FastStream, aiokafka, motor), first line only

# --- HTTP (shared/http) ---
COMMAND_ACCEPTED = "command.accepted"  # an HTTP command was carried out (or its stored answer given again)
COMMAND_REFUSED = "command.refused"  # an HTTP command was refused; the code says why
REQUEST_SERVED = "request.served"  # any other request was answered
REQUEST_FAILED = "request.failed"  # a request met a fault of ours: stack without values, answer without text
KEYS_FETCHED = "keys.fetched"  # the issuer's public keys were read
KEYS_UNAVAILABLE = "keys.unavailable"  # the issuer does not answer; the keys known so far stay in use
TOKEN_REFUSED = "token.refused"  # noqa: S105  # a bearer token was refused; the code says why, the token is not logged
PEER_UNAVAILABLE = "peer.unavailable"  # another service did not answer a read
PERSON_READ = "person.read"  # an administrator read a person's data (who, whom, which route)

# --- message path (shared/messaging, shared/timers) ---
TRANSACTION_RETRIED = "transaction.retried"  # a transaction met a conflict or a fault that passes, and runs again
OUTBOX_RELAYED = "outbox.relayed"  # one round of the relay: rows sent, age of the oldest
OUTBOX_SEND_FAILED = "outbox.send-failed"  # a row was not acknowledged; its key waits for the next round
RELAY_LEASE_TAKEN = "relay.lease-taken"  # this process sends the outbox from now on
RELAY_LEASE_LOST = "relay.lease-lost"  # another process sends the outbox from now on
BATCH_CONSUMED = "batch.consumed"  # one batch of a topic: offsets, size, lag, age, outcome
EVENT_APPLIED = "event.applied"  # one event took effect (debug)
OFFSET_COMMIT_FAILED = "offset.commit-failed"  # the batch will come again; the inbox drops what was applied
EVENT_PARKED = "event.parked"  # an event waits for its prerequisite or behind an earlier one of its key
EVENT_DEAD = "event.dead"  # an event was set aside; an operator decides
DEAD_LETTER_READ = "dead-letter.read"  # an operator looked at what a dead letter said, redacted by its contract
DEAD_LETTER_REDRIVEN = "dead-letter.redriven"  # an operator let a dead letter run again
DEAD_LETTER_DISCARDED = "dead-letter.discarded"  # an operator gave a dead letter up, with a reason
REPLAY_STARTED = "replay.started"  # an operator has replicas built anew, or held against their topics
REPLAY_STOPPED = "replay.stopped"  # it was stopped and can go on
REPLAY_DONE = "replay.done"  # it ended; how many documents were equal, repaired, different
CONSUMER_HALTED = "consumer.halted"  # nearly everything fails: the fault is ours, nothing more is taken
CONSUMER_RESUMED = "consumer.resumed"  # what had halted works again
OUTBOX_PRODUCER_REBUILT = "outbox.producer-rebuilt"  # the relay's connection was fatally broken and is made anew
EVENT_FAILED = "event.failed"  # a handler failed at every try: stack without values; event.dead follows
TIMER_FIRED = "timer.fired"  # a durable timer's work was done (debug)
TIMER_PUT_OFF = "timer.put-off"  # a timer's work failed and is tried again later
TIMER_STUCK = "timer.stuck"  # a timer's work failed too often; an operator decides
TOPIC_MADE = "topic.made"  # a topic was created from shared/contracts/topics.py
TOPIC_MENDED = "topic.mended"  # a topic got partitions or settings that it lacked

# --- scheduling ---
SESSION_NOT_BOOKED = "session.not-booked"  # no time suits all members of a pairing; tried again when somebody's hours change

# --- matching ---
ROUND_FROZEN = "round.frozen"  # a round's snapshot counts from here; how many members
ROUND_SOLVED = "round.solved"  # the optimiser answered; counts
ROUND_PUBLISHED = "round.published"  # all proposals of a round are out; in how many transactions
ROUND_STUCK = "round.stuck"  # a step of a round met a bug: stack without values; the step is tried again
ROUND_ENGINE_FAILED = "round.engine-failed"  # the optimiser's process gave no answer; it is asked again, at most three times

# --- notification ---
DELIVERY_SENT = "delivery.sent"  # the mail server took a message; how long after it was queued
DELIVERY_DEFERRED = "delivery.deferred"  # it could not be sent now and will be tried again; the code says why
DELIVERY_FAILED = "delivery.failed"  # it was given up; the code says why
DELIVERY_SUPPRESSED = "delivery.suppressed"  # it was not sent on purpose; the code says why
DELIVERY_BROKEN = "delivery.broken"  # a message could not be composed: a fault of ours, stack without values
MAIL_SERVER_AWAY = "mail-server.away"  # the mail server cannot be reached; the queue waits

# --- profile ---
IMPORT_STARTED = "import.started"  # an uploaded people file is being imported (again, after a restart, from its checkpoint)
IMPORT_REFUSED = "import.refused"  # a people file cannot be taken as a whole; the code says why
IMPORT_FINISHED = "import.finished"  # a people file is imported; rows by outcome
SKILL_LIST_CHANGED = "skill-list.changed"  # HR added or merged a skill: who, whether it was new, how many members' codes followed
