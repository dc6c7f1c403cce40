CREATE TABLE workloads (
    id TEXT NOT NULL CONSTRAINT workloads_pk PRIMARY KEY,
    key BIGINT NOT NULL CONSTRAINT workloads_key_unique UNIQUE,
    cluster TEXT NOT NULL,
    -- absent for what belongs to the platform: the making of shipped environments
    team_id TEXT CONSTRAINT workloads_team_fk REFERENCES teams (id),
    kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    cpu_millis BIGINT NOT NULL,
    memory_bytes BIGINT NOT NULL,
    gpus BIGINT NOT NULL,
    exit_code BIGINT,
    signal BIGINT,
    out_of_memory BIGINT NOT NULL,
    timed_out BIGINT NOT NULL,
    endpoint TEXT,
    queued_at BIGINT NOT NULL,
    granted_at BIGINT,
    -- when the cluster took it on
    ensured_at BIGINT,
    running_at BIGINT,
    ended_at BIGINT,
    -- asked to end: when, why, with how much grace
    stop_requested_at BIGINT,
    stop_reason TEXT,
    stop_grace_seconds BIGINT,
    -- 1 while it is queued or holds resources: the small part that the queue and the reconcilers read
    live BIGINT NOT NULL,
    -- 1 once the noun it belongs to has taken note of its end
    settled BIGINT NOT NULL,
    -- 1 once the cluster has forgotten it
    forgotten BIGINT NOT NULL
);
CREATE INDEX workloads_live ON workloads (live, queued_at);
CREATE INDEX workloads_by_owner ON workloads (owner_id, queued_at);
CREATE INDEX workloads_by_team ON workloads (team_id, live, ended_at);
CREATE INDEX workloads_forgotten ON workloads (forgotten, queued_at);
CREATE INDEX workloads_settled ON workloads (settled, kind);
INSERT INTO counters (name, value) VALUES ('workloads', 0);

CREATE TABLE usage_samples (
    workload_key BIGINT NOT NULL,
    time BIGINT NOT NULL,
    cpu_millis BIGINT NOT NULL,
    memory_bytes BIGINT NOT NULL,
    CONSTRAINT usage_samples_pk PRIMARY KEY (workload_key, time)
);
CREATE INDEX usage_samples_by_time ON usage_samples (time);

-- seconds 60 or 3600; sums over the samples of that span, so that means and shares can be told
CREATE TABLE usage_rollups (
    workload_key BIGINT NOT NULL,
    seconds BIGINT NOT NULL,
    time BIGINT NOT NULL,
    samples BIGINT NOT NULL,
    cpu_millis_sum BIGINT NOT NULL,
    memory_bytes_max BIGINT NOT NULL,
    CONSTRAINT usage_rollups_pk PRIMARY KEY (workload_key, seconds, time)
);

CREATE TABLE environments (
    id TEXT NOT NULL CONSTRAINT environments_pk PRIMARY KEY,
    -- absent for the shipped ones, which every team sees
    team_id TEXT CONSTRAINT environments_team_fk REFERENCES teams (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    latest_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT environments_name_unique UNIQUE (team_id, name)
);

CREATE TABLE environment_versions (
    id TEXT NOT NULL CONSTRAINT environment_versions_pk PRIMARY KEY,
    environment_id TEXT NOT NULL CONSTRAINT environment_versions_fk REFERENCES environments (id),
    version BIGINT NOT NULL,
    requirements TEXT NOT NULL,
    -- locked requirements with hashes; absent until resolved
    lock_text TEXT,
    image TEXT,
    digest TEXT NOT NULL,
    build TEXT NOT NULL,
    progress DOUBLE PRECISION NOT NULL,
    reason TEXT,
    packages TEXT NOT NULL,
    workload_id TEXT,
    created_at BIGINT NOT NULL,
    ready_at BIGINT,
    CONSTRAINT environment_versions_unique UNIQUE (environment_id, version)
);
CREATE INDEX environment_versions_by_build ON environment_versions (build);
