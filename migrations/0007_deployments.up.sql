CREATE TABLE deployments (
    id TEXT NOT NULL CONSTRAINT deployments_pk PRIMARY KEY,
    team_id TEXT NOT NULL CONSTRAINT deployments_team_fk REFERENCES teams (id),
    name TEXT NOT NULL,
    -- what is wanted: running, stopped, deleted
    desired TEXT NOT NULL,
    -- what is
    state TEXT NOT NULL,
    reason TEXT,
    state_since BIGINT NOT NULL,
    -- number of the newest revision
    latest BIGINT NOT NULL,
    -- number of the revision that takes the traffic, or took it last
    serving BIGINT,
    -- number of the revision on its way to take over
    next BIGINT,
    -- counts up with each change
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT deployments_name_unique UNIQUE (team_id, name)
);

-- What a deployment served, serves, or was to serve; rows are only added, and change only in how far they are.
CREATE TABLE revisions (
    id TEXT NOT NULL CONSTRAINT revisions_pk PRIMARY KEY,
    deployment_id TEXT NOT NULL CONSTRAINT revisions_deployment_fk REFERENCES deployments (id),
    team_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    model TEXT NOT NULL,
    version BIGINT NOT NULL,
    runtime TEXT NOT NULL,
    -- the environment by name, and the version of it that was pinned
    environment TEXT NOT NULL,
    environment_version BIGINT NOT NULL,
    environment_version_id TEXT NOT NULL,
    cpu_millis BIGINT NOT NULL,
    memory_bytes BIGINT NOT NULL,
    gpus BIGINT NOT NULL,
    env_json TEXT NOT NULL,
    secrets_json TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    smoke_json TEXT,
    created_by TEXT NOT NULL,
    -- its newest replica, and how many there were
    workload_id TEXT,
    attempts BIGINT NOT NULL,
    -- crashes in a row, and when the next replica is started
    crashes BIGINT NOT NULL,
    retry_at BIGINT,
    created_at BIGINT NOT NULL,
    serving_at BIGINT,
    retired_at BIGINT,
    CONSTRAINT revisions_number_unique UNIQUE (deployment_id, number)
);
CREATE INDEX revisions_by_model ON revisions (team_id, model, version);
