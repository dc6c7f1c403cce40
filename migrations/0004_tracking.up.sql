-- Experiments and runs as MLflow knows them. Hot tables use BIGINT keys: key of a run, key of an experiment, series of a metric.

CREATE TABLE experiments (
    key BIGINT NOT NULL CONSTRAINT experiments_pk PRIMARY KEY,
    -- the Default experiment of a team has the id of the team: MLflow's "0"
    id TEXT NOT NULL CONSTRAINT experiments_id_unique UNIQUE,
    team_id TEXT NOT NULL CONSTRAINT experiments_team_fk REFERENCES teams (id),
    name TEXT NOT NULL,
    artifact_location TEXT NOT NULL,
    -- active, deleted
    lifecycle TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT experiments_name_unique UNIQUE (team_id, name)
);
CREATE INDEX experiments_by_creation ON experiments (team_id, created_at, id);
CREATE INDEX experiments_by_change ON experiments (team_id, lifecycle, updated_at, id);
INSERT INTO experiments (key, id, team_id, name, artifact_location, lifecycle, revision, created_at, updated_at)
SELECT ROW_NUMBER() OVER (ORDER BY id), id, id, 'Default', 'mlflow-artifacts:/' || id, 'active', 1, created_at, created_at FROM teams;
INSERT INTO counters (name, value) SELECT 'experiments', COUNT(*) FROM teams;

CREATE TABLE experiment_tags (
    experiment_key BIGINT NOT NULL CONSTRAINT experiment_tags_fk REFERENCES experiments (key),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT experiment_tags_pk PRIMARY KEY (experiment_key, key)
);

CREATE TABLE runs (
    key BIGINT NOT NULL CONSTRAINT runs_pk PRIMARY KEY,
    id TEXT NOT NULL CONSTRAINT runs_id_unique UNIQUE,
    team_id TEXT NOT NULL CONSTRAINT runs_team_fk REFERENCES teams (id),
    experiment_key BIGINT NOT NULL CONSTRAINT runs_experiment_fk REFERENCES experiments (key),
    name TEXT NOT NULL,
    -- what MLflow calls user_id: a name
    user_name TEXT NOT NULL,
    -- as in events: a user, or the workload whose token made it
    created_by TEXT NOT NULL,
    -- what MLflow says: SCHEDULED, RUNNING, FINISHED, FAILED, KILLED
    status TEXT NOT NULL,
    -- what Slipway says, for a run that it executes; follows the status elsewhere
    state TEXT NOT NULL,
    reason TEXT,
    -- 1 where Slipway executes it
    submitted BIGINT NOT NULL,
    artifact_uri TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    lifecycle TEXT NOT NULL,
    deleted_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('runs', 0);
-- the order in which MLflow lists runs: newest first, ties by id
CREATE INDEX runs_by_experiment ON runs (experiment_key, lifecycle, started_at DESC, id);
CREATE INDEX runs_by_team ON runs (team_id, lifecycle, started_at DESC, id);

-- One row for each metric of a run: its series and the latest value of it (by step, time, value).
CREATE TABLE latest_metrics (
    series BIGINT NOT NULL CONSTRAINT latest_metrics_pk PRIMARY KEY,
    run_key BIGINT NOT NULL CONSTRAINT latest_metrics_run_fk REFERENCES runs (key),
    experiment_key BIGINT NOT NULL,
    key TEXT NOT NULL,
    -- 0 where it is not a number
    value DOUBLE PRECISION NOT NULL,
    is_nan BIGINT NOT NULL,
    step BIGINT NOT NULL,
    time BIGINT NOT NULL,
    CONSTRAINT latest_metrics_unique UNIQUE (run_key, key)
);
CREATE INDEX latest_metrics_by_value ON latest_metrics (experiment_key, key, is_nan, value, run_key);
INSERT INTO counters (name, value) VALUES ('series', 0);

-- Every point. The key makes a repeated request harmless, as in MLflow.
CREATE TABLE metrics (
    series BIGINT NOT NULL,
    time BIGINT NOT NULL,
    step BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    is_nan BIGINT NOT NULL,
    CONSTRAINT metrics_pk PRIMARY KEY (series, time, step, value, is_nan)
);

CREATE TABLE params (
    run_key BIGINT NOT NULL CONSTRAINT params_run_fk REFERENCES runs (key),
    experiment_key BIGINT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT params_pk PRIMARY KEY (run_key, key)
);
CREATE INDEX params_by_value ON params (experiment_key, key, substr(value, 1, 100), run_key);

CREATE TABLE run_tags (
    run_key BIGINT NOT NULL CONSTRAINT run_tags_run_fk REFERENCES runs (key),
    experiment_key BIGINT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT run_tags_pk PRIMARY KEY (run_key, key)
);
CREATE INDEX run_tags_by_value ON run_tags (experiment_key, key, substr(value, 1, 100), run_key);

CREATE TABLE datasets (
    key BIGINT NOT NULL CONSTRAINT datasets_pk PRIMARY KEY,
    experiment_key BIGINT NOT NULL CONSTRAINT datasets_experiment_fk REFERENCES experiments (key),
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source TEXT NOT NULL,
    schema_json TEXT,
    profile_json TEXT,
    CONSTRAINT datasets_unique UNIQUE (experiment_key, name, digest)
);
INSERT INTO counters (name, value) VALUES ('datasets', 0);

CREATE TABLE run_datasets (
    run_key BIGINT NOT NULL CONSTRAINT run_datasets_run_fk REFERENCES runs (key),
    dataset_key BIGINT NOT NULL CONSTRAINT run_datasets_dataset_fk REFERENCES datasets (key),
    -- the tag mlflow.data.context
    context TEXT,
    tags_json TEXT NOT NULL,
    CONSTRAINT run_datasets_pk PRIMARY KEY (run_key, dataset_key)
);
CREATE INDEX run_datasets_by_dataset ON run_datasets (dataset_key, run_key);

-- Logged models that a run read or made.
CREATE TABLE run_models (
    run_key BIGINT NOT NULL CONSTRAINT run_models_run_fk REFERENCES runs (key),
    -- input, output
    direction TEXT NOT NULL,
    model_id TEXT NOT NULL,
    step BIGINT NOT NULL,
    CONSTRAINT run_models_pk PRIMARY KEY (run_key, direction, model_id)
);
