-- Runs that Slipway executes: how, and how far. The state itself is in `runs`, where every list reads it.

CREATE TABLE code_uploads (
    team_id TEXT NOT NULL CONSTRAINT code_uploads_team_fk REFERENCES teams (id),
    -- SHA-256 of the gzipped tar; its file is {data}/code/{team_id}/{digest}.tar.gz
    digest TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    uploaded_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT code_uploads_pk PRIMARY KEY (team_id, digest)
);

CREATE TABLE submissions (
    run_id TEXT NOT NULL CONSTRAINT submissions_pk PRIMARY KEY CONSTRAINT submissions_run_fk REFERENCES runs (id),
    run_key BIGINT NOT NULL,
    team_id TEXT NOT NULL CONSTRAINT submissions_team_fk REFERENCES teams (id),
    -- whom its token works for
    user_id TEXT NOT NULL CONSTRAINT submissions_user_fk REFERENCES users (id),
    -- JSON array: the words that are run, parameters appended
    command TEXT NOT NULL,
    -- JSON: the request as it was, for a retry
    request TEXT NOT NULL,
    environment_version_id TEXT NOT NULL CONSTRAINT submissions_environment_fk REFERENCES environment_versions (id),
    cpu_millis BIGINT NOT NULL,
    memory_bytes BIGINT NOT NULL,
    gpus BIGINT NOT NULL,
    -- JSON, as in the API
    code TEXT,
    env TEXT NOT NULL,
    secrets TEXT NOT NULL,
    -- 0 until the first attempt is in the queue
    attempt BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    timeout_seconds BIGINT,
    retry_of TEXT,
    -- when the next attempt may begin, after one that failed
    retry_at BIGINT,
    -- the workload of the attempt under way; absent between attempts
    workload_id TEXT,
    exit_code BIGINT,
    -- who asked it to end
    cancelled_by TEXT,
    queued_at BIGINT NOT NULL,
    running_at BIGINT,
    -- 1 until it has ended
    live BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX submissions_live ON submissions (live, queued_at);
CREATE INDEX submissions_by_environment ON submissions (environment_version_id);
