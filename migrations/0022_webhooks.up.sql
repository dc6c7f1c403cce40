CREATE TABLE webhooks (
    id TEXT NOT NULL CONSTRAINT webhooks_pk PRIMARY KEY,
    team_id TEXT NOT NULL CONSTRAINT webhooks_team_fk REFERENCES teams (id),
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    -- kinds of notices, a JSON list
    kinds_json TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    -- what signs; and what signed before and signs along for a while
    sealed TEXT NOT NULL,
    sealed_before TEXT,
    rotated_at BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    CONSTRAINT webhooks_name_unique UNIQUE (team_id, name)
);

CREATE TABLE webhook_deliveries (
    id TEXT NOT NULL CONSTRAINT webhook_deliveries_pk PRIMARY KEY,
    webhook_id TEXT NOT NULL CONSTRAINT webhook_deliveries_fk REFERENCES webhooks (id) ON DELETE CASCADE,
    -- the event; absent for a test
    seq BIGINT,
    kind TEXT NOT NULL,
    -- what is sent, to the byte
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- attempts that are left before it is given up
    tries_left BIGINT NOT NULL,
    -- while it waits
    next_at BIGINT,
    created_at BIGINT NOT NULL,
    CONSTRAINT webhook_deliveries_event_unique UNIQUE (webhook_id, seq)
);
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (created_at);

CREATE TABLE webhook_attempts (
    delivery_id TEXT NOT NULL CONSTRAINT webhook_attempts_fk REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    millis BIGINT NOT NULL,
    -- of HTTP; absent where no answer came
    status BIGINT,
    problem TEXT,
    -- the first bytes of the answer
    answer TEXT,
    CONSTRAINT webhook_attempts_pk PRIMARY KEY (delivery_id, number)
);
