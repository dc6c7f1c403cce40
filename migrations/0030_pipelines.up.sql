-- Pipelines of Kubeflow's format. What is uploaded is kept once, by its digest: versions and runs name it.
CREATE TABLE pipeline_specs (
    -- SHA-256 of the text
    digest TEXT NOT NULL CONSTRAINT pipeline_specs_pk PRIMARY KEY,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE pipelines (
    id TEXT NOT NULL CONSTRAINT pipelines_pk PRIMARY KEY,
    team_id TEXT NOT NULL CONSTRAINT pipelines_team_fk REFERENCES teams (id),
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL,
    created_by TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT pipelines_name_unique UNIQUE (team_id, name)
);
CREATE INDEX pipelines_by_team ON pipelines (team_id, id);

CREATE TABLE pipeline_versions (
    id TEXT NOT NULL CONSTRAINT pipeline_versions_pk PRIMARY KEY,
    team_id TEXT NOT NULL CONSTRAINT pipeline_versions_team_fk REFERENCES teams (id),
    pipeline_id TEXT NOT NULL CONSTRAINT pipeline_versions_pipeline_fk REFERENCES pipelines (id),
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL,
    spec_digest TEXT NOT NULL CONSTRAINT pipeline_versions_spec_fk REFERENCES pipeline_specs (digest),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT pipeline_versions_name_unique UNIQUE (pipeline_id, name)
);
CREATE INDEX pipeline_versions_by_pipeline ON pipeline_versions (pipeline_id, id);

CREATE TABLE pipeline_runs (
    id TEXT NOT NULL CONSTRAINT pipeline_runs_pk PRIMARY KEY,
    team_id TEXT NOT NULL CONSTRAINT pipeline_runs_team_fk REFERENCES teams (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    -- absent where the run brought its own; ids, not references: what ran outlives the pipeline
    pipeline_id TEXT,
    pipeline TEXT NOT NULL,
    version_id TEXT,
    spec_digest TEXT NOT NULL CONSTRAINT pipeline_runs_spec_fk REFERENCES pipeline_specs (digest),
    -- the run of MLflow that those of the tasks are below
    run_id TEXT NOT NULL CONSTRAINT pipeline_runs_run_fk REFERENCES runs (id),
    run_key BIGINT NOT NULL,
    experiment_id TEXT NOT NULL,
    -- whom the tokens of its tasks work for
    user_id TEXT NOT NULL CONSTRAINT pipeline_runs_user_fk REFERENCES users (id),
    created_by TEXT NOT NULL,
    -- JSON object
    parameters TEXT NOT NULL,
    -- 0: no task takes over what another made
    cache BIGINT NOT NULL,
    -- most tasks at once; absent is as many as there is room for
    max_tasks BIGINT,
    state TEXT NOT NULL,
    reason TEXT,
    cancelled_by TEXT,
    -- JSON object: what came out of it as a whole
    outputs TEXT,
    archived BIGINT NOT NULL,
    -- of what there is to run so far, without what only holds others
    tasks BIGINT NOT NULL,
    tasks_ended BIGINT NOT NULL,
    -- 1 until it has ended
    live BIGINT NOT NULL,
    -- counts up with each change of the run or of one of its tasks
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT
);
CREATE INDEX pipeline_runs_live ON pipeline_runs (live, id);
CREATE INDEX pipeline_runs_by_team ON pipeline_runs (team_id, archived, id);
CREATE INDEX pipeline_runs_by_pipeline ON pipeline_runs (pipeline_id, archived, id);
CREATE INDEX pipeline_runs_by_experiment ON pipeline_runs (team_id, experiment_id, archived, id);

CREATE TABLE tasks (
    id TEXT NOT NULL CONSTRAINT tasks_pk PRIMARY KEY,
    team_id TEXT NOT NULL CONSTRAINT tasks_team_fk REFERENCES teams (id),
    pipeline_run_id TEXT NOT NULL CONSTRAINT tasks_pipeline_run_fk REFERENCES pipeline_runs (id),
    -- the task that holds it; absent at the top
    parent_id TEXT,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    -- name of its component in the pipeline
    component TEXT NOT NULL,
    -- which turn of a loop
    iteration BIGINT,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    -- from 1 once it was started
    attempt BIGINT NOT NULL,
    -- when the next attempt may begin, after one that failed
    retry_at BIGINT,
    -- JSON, with what stands for it in the engine
    node TEXT NOT NULL,
    -- JSON: what the launcher of its attempt brought
    delivered TEXT,
    cache_key TEXT,
    -- the task whose outputs it took over
    cached_from TEXT,
    -- its run of MLflow; absent where nothing ran
    run_id TEXT,
    run_key BIGINT,
    environment_version_id TEXT,
    -- of the attempt under way; absent between attempts
    workload_id TEXT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT
);
CREATE INDEX tasks_by_run ON tasks (pipeline_run_id, id);
CREATE INDEX tasks_by_mlflow_run ON tasks (run_id);
CREATE INDEX tasks_by_cache ON tasks (team_id, cache_key, id);

-- Which environment stands for a container image where there are no containers; set by the platform admin.
CREATE TABLE pipeline_images (
    -- as in `registry.example.org/team/image:tag`, or without the tag for all of them
    image TEXT NOT NULL CONSTRAINT pipeline_images_pk PRIMARY KEY,
    -- name of an environment that every team has; empty is the interpreter of the machine alone
    environment TEXT NOT NULL
);
