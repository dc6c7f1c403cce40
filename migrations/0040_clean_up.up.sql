-- When clean-up freed the files of a deleted run or logged model: neither is restored any more.
ALTER TABLE runs ADD COLUMN freed_at BIGINT;
ALTER TABLE logged_models ADD COLUMN freed_at BIGINT;
-- When clean-up freed the files of a version that can be used; made again from its lock, it has none.
ALTER TABLE environment_versions ADD COLUMN freed_at BIGINT;
-- What clean-up shows: deleted and not freed, newest first.
CREATE INDEX runs_deleted ON runs (team_id, deleted_at DESC, id) WHERE lifecycle = 'deleted' AND freed_at IS NULL;
CREATE INDEX logged_models_deleted ON logged_models (team_id, deleted_at DESC, id) WHERE deleted_at IS NOT NULL AND freed_at IS NULL;

-- Folders of artifacts that were freed and are still to be taken from the store.
CREATE TABLE freed_artifacts (
    team_id TEXT NOT NULL CONSTRAINT freed_artifacts_team_fk REFERENCES teams (id),
    path TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT freed_artifacts_pk PRIMARY KEY (team_id, path)
);
-- Environments that were freed and are still to be taken from the disk.
CREATE TABLE freed_environments (
    team_id TEXT NOT NULL CONSTRAINT freed_environments_team_fk REFERENCES teams (id),
    digest TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT freed_environments_pk PRIMARY KEY (team_id, digest)
);
-- Tasks that took over what another made: the run of MLflow whose files these are.
CREATE TABLE taken_over (
    task_id TEXT NOT NULL CONSTRAINT taken_over_pk PRIMARY KEY,
    run_id TEXT NOT NULL
);
CREATE INDEX taken_over_by_run ON taken_over (run_id);
INSERT INTO taken_over (task_id, run_id)
SELECT t.id, f.run_id FROM tasks t JOIN tasks f ON f.id = t.cached_from WHERE f.run_id IS NOT NULL;

-- Who needs what.
CREATE INDEX model_versions_by_logged_model ON model_versions (logged_model_id) WHERE logged_model_id IS NOT NULL;
CREATE INDEX environment_versions_by_digest ON environment_versions (digest);
CREATE INDEX revisions_by_environment ON revisions (environment_version_id);
CREATE INDEX tasks_at_work_by_environment ON tasks (environment_version_id) WHERE workload_id IS NOT NULL;
