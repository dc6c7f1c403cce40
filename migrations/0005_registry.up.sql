CREATE TABLE logged_models (
    -- m- and 32 hex digits, as MLflow names them
    id TEXT NOT NULL CONSTRAINT logged_models_pk PRIMARY KEY,
    team_id TEXT NOT NULL CONSTRAINT logged_models_team_fk REFERENCES teams (id),
    experiment_id TEXT NOT NULL CONSTRAINT logged_models_experiment_fk REFERENCES experiments (id),
    -- the run that made it; absent for a model logged outside of a run
    source_run_id TEXT,
    name TEXT NOT NULL,
    model_type TEXT,
    status TEXT NOT NULL,
    status_message TEXT,
    artifact_uri TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX logged_models_by_experiment ON logged_models (team_id, experiment_id, created_at);
CREATE INDEX logged_models_by_run ON logged_models (source_run_id, created_at);

CREATE TABLE logged_model_tags (
    model_id TEXT NOT NULL CONSTRAINT logged_model_tags_fk REFERENCES logged_models (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT logged_model_tags_pk PRIMARY KEY (model_id, key)
);

CREATE TABLE logged_model_params (
    model_id TEXT NOT NULL CONSTRAINT logged_model_params_fk REFERENCES logged_models (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT logged_model_params_pk PRIMARY KEY (model_id, key)
);

-- metrics that a run logged for a model
CREATE TABLE logged_model_metrics (
    model_id TEXT NOT NULL CONSTRAINT logged_model_metrics_fk REFERENCES logged_models (id),
    key TEXT NOT NULL,
    run_id TEXT NOT NULL,
    step BIGINT NOT NULL,
    time BIGINT NOT NULL,
    -- 0 where it is not a number
    value DOUBLE PRECISION NOT NULL,
    is_nan BIGINT NOT NULL,
    dataset_name TEXT,
    dataset_digest TEXT,
    CONSTRAINT logged_model_metrics_pk PRIMARY KEY (model_id, key, time, step, run_id)
);

CREATE TABLE models (
    id TEXT NOT NULL CONSTRAINT models_pk PRIMARY KEY,
    team_id TEXT NOT NULL CONSTRAINT models_team_fk REFERENCES teams (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    -- the newest number given out; deleting a version does not give it back
    last_version BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT models_name_unique UNIQUE (team_id, name)
);
CREATE INDEX models_by_update ON models (team_id, updated_at);

CREATE TABLE model_tags (
    model_id TEXT NOT NULL CONSTRAINT model_tags_fk REFERENCES models (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT model_tags_pk PRIMARY KEY (model_id, key)
);

CREATE TABLE model_versions (
    id TEXT NOT NULL CONSTRAINT model_versions_pk PRIMARY KEY,
    team_id TEXT NOT NULL CONSTRAINT model_versions_team_fk REFERENCES teams (id),
    model_id TEXT NOT NULL CONSTRAINT model_versions_model_fk REFERENCES models (id),
    version BIGINT NOT NULL,
    description TEXT NOT NULL,
    user_name TEXT NOT NULL,
    -- as the client gave it
    source TEXT NOT NULL,
    -- where its files are, as a URI that can be downloaded
    storage TEXT NOT NULL,
    run_id TEXT,
    run_link TEXT,
    logged_model_id TEXT,
    stage TEXT NOT NULL,
    status TEXT NOT NULL,
    status_message TEXT,
    -- SHA-256 over its files, once they were fetched
    digest TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT model_versions_unique UNIQUE (model_id, version)
);
CREATE INDEX model_versions_by_update ON model_versions (team_id, updated_at);
CREATE INDEX model_versions_by_run ON model_versions (run_id);

CREATE TABLE model_version_tags (
    version_id TEXT NOT NULL CONSTRAINT model_version_tags_fk REFERENCES model_versions (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT model_version_tags_pk PRIMARY KEY (version_id, key)
);

CREATE TABLE model_aliases (
    model_id TEXT NOT NULL CONSTRAINT model_aliases_model_fk REFERENCES models (id),
    alias TEXT NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT model_aliases_pk PRIMARY KEY (model_id, alias),
    CONSTRAINT model_aliases_version_fk FOREIGN KEY (model_id, version) REFERENCES model_versions (model_id, version)
);
