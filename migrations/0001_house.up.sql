-- Portable between SQLite and PostgreSQL: ids TEXT, times BIGINT ms since 1970, flags BIGINT 0/1, JSON TEXT, named constraints.

CREATE TABLE counters (
    name TEXT NOT NULL CONSTRAINT counters_pk PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('events', 0);

CREATE TABLE users (
    id TEXT NOT NULL CONSTRAINT users_pk PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT users_name_unique UNIQUE,
    display_name TEXT NOT NULL,
    password_hash TEXT,
    admin BIGINT NOT NULL,
    disabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_sign_in_at BIGINT
);

CREATE TABLE setup_links (
    hash TEXT NOT NULL CONSTRAINT setup_links_pk PRIMARY KEY,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE sessions (
    hash TEXT NOT NULL CONSTRAINT sessions_pk PRIMARY KEY,
    user_id TEXT,
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE teams (
    id TEXT NOT NULL CONSTRAINT teams_pk PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT teams_name_unique UNIQUE,
    display_name TEXT NOT NULL,
    members BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE members (
    team_id TEXT NOT NULL CONSTRAINT members_team_fk REFERENCES teams (id),
    user_id TEXT NOT NULL CONSTRAINT members_user_fk REFERENCES users (id),
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT members_pk PRIMARY KEY (team_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id, team_id);

CREATE TABLE tokens (
    id TEXT NOT NULL CONSTRAINT tokens_pk PRIMARY KEY,
    hash TEXT NOT NULL CONSTRAINT tokens_hash_unique UNIQUE,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    user_id TEXT NOT NULL CONSTRAINT tokens_user_fk REFERENCES users (id),
    team_id TEXT NOT NULL CONSTRAINT tokens_team_fk REFERENCES teams (id),
    role TEXT NOT NULL,
    scope TEXT,
    -- what a workload's token belongs to: kind and id; absent for a person's token
    subject_kind TEXT,
    subject_id TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX tokens_by_user ON tokens (user_id, created_at);
CREATE INDEX tokens_by_subject ON tokens (subject_kind, subject_id);

CREATE TABLE secrets (
    team_id TEXT NOT NULL CONSTRAINT secrets_team_fk REFERENCES teams (id),
    name TEXT NOT NULL,
    sealed TEXT NOT NULL,
    set_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT secrets_pk PRIMARY KEY (team_id, name)
);

CREATE TABLE quotas (
    team_id TEXT NOT NULL CONSTRAINT quotas_pk PRIMARY KEY CONSTRAINT quotas_team_fk REFERENCES teams (id),
    cpu_millis BIGINT,
    memory_bytes BIGINT,
    gpus BIGINT,
    revision BIGINT NOT NULL
);

CREATE TABLE events (
    seq BIGINT NOT NULL CONSTRAINT events_pk PRIMARY KEY,
    time BIGINT NOT NULL,
    team_id TEXT,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    object_name TEXT NOT NULL,
    revision BIGINT NOT NULL,
    before_json TEXT,
    after_json TEXT
);
CREATE INDEX events_by_team ON events (team_id, seq);
CREATE INDEX events_by_object ON events (object_id, seq);
CREATE INDEX events_by_actor ON events (actor, seq);
CREATE INDEX events_by_kind ON events (kind, action, seq);

CREATE TABLE idempotency (
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT idempotency_pk PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_by_time ON idempotency (created_at);
