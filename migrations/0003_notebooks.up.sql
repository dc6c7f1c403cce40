CREATE TABLE notebooks (
    id TEXT NOT NULL CONSTRAINT notebooks_pk PRIMARY KEY,
    team_id TEXT NOT NULL CONSTRAINT notebooks_team_fk REFERENCES teams (id),
    name TEXT NOT NULL,
    -- who launched it; only they can open it
    user_id TEXT NOT NULL CONSTRAINT notebooks_user_fk REFERENCES users (id),
    environment TEXT NOT NULL,
    -- of its last start; before the first the newest when it was launched
    environment_version BIGINT NOT NULL,
    cpu_millis BIGINT NOT NULL,
    memory_bytes BIGINT NOT NULL,
    gpus BIGINT NOT NULL,
    env_json TEXT NOT NULL,
    secrets_json TEXT NOT NULL,
    -- what a person wants: running, stopped, deleted, deleted_with_files
    desired TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    state_since BIGINT NOT NULL,
    -- its newest workload
    workload_id TEXT NOT NULL,
    -- token of that workload's Jupyter server, sealed
    server_token TEXT NOT NULL,
    -- how many times it was started again by itself since a person started it, and when the next time is
    restarts BIGINT NOT NULL,
    restart_at BIGINT,
    busy BIGINT NOT NULL,
    last_activity_at BIGINT,
    -- counts up with each change by a person
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT notebooks_name_unique UNIQUE (team_id, name)
);
CREATE INDEX notebooks_by_desired ON notebooks (desired);

-- Files kept from a deleted notebook: they belong to the person who had it.
CREATE TABLE kept_volumes (
    team_id TEXT NOT NULL CONSTRAINT kept_volumes_team_fk REFERENCES teams (id),
    name TEXT NOT NULL,
    user_id TEXT NOT NULL CONSTRAINT kept_volumes_user_fk REFERENCES users (id),
    created_at BIGINT NOT NULL,
    CONSTRAINT kept_volumes_pk PRIMARY KEY (team_id, name)
);

-- The way into a notebook: a ticket that works once, by the hash of its secret.
CREATE TABLE notebook_tickets (
    hash TEXT NOT NULL CONSTRAINT notebook_tickets_pk PRIMARY KEY,
    notebook_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- hash of the portal's session that it was asked in, where it was one
    portal_session TEXT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX notebook_tickets_by_notebook ON notebook_tickets (notebook_id);
CREATE INDEX notebook_tickets_by_expiry ON notebook_tickets (expires_at);

-- What a ticket was exchanged for: a browser that may open one notebook, by the hash of its cookie.
CREATE TABLE notebook_sessions (
    hash TEXT NOT NULL CONSTRAINT notebook_sessions_pk PRIMARY KEY,
    notebook_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    portal_session TEXT,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX notebook_sessions_by_notebook ON notebook_sessions (notebook_id);
CREATE INDEX notebook_sessions_by_user ON notebook_sessions (user_id);
CREATE INDEX notebook_sessions_by_portal ON notebook_sessions (portal_session);
