-- Pipelines that run by themselves, at the times of a cron or at an interval.
CREATE TABLE recurring_runs (
    id TEXT NOT NULL CONSTRAINT recurring_runs_pk PRIMARY KEY,
    team_id TEXT NOT NULL CONSTRAINT recurring_runs_team_fk REFERENCES teams (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    -- absent where it brought its own; an id, not a reference: one whose pipeline was deleted says so
    pipeline_id TEXT,
    pipeline TEXT NOT NULL,
    -- absent: the newest at the time
    version_id TEXT,
    -- of what it brought itself
    spec_digest TEXT CONSTRAINT recurring_runs_spec_fk REFERENCES pipeline_specs (digest),
    experiment_id TEXT NOT NULL,
    -- whom its runs are for: they have to be allowed to run pipelines when the time comes
    user_id TEXT NOT NULL CONSTRAINT recurring_runs_user_fk REFERENCES users (id),
    created_by TEXT NOT NULL,
    -- JSON object as it was given; what it does not say is the version's default
    parameters TEXT NOT NULL,
    cache BIGINT NOT NULL,
    max_tasks BIGINT,
    -- one of these two
    cron TEXT,
    interval_s BIGINT,
    -- IANA name
    time_zone TEXT NOT NULL,
    start_at BIGINT,
    end_at BIGINT,
    -- intervals are counted from here
    anchor_at BIGINT NOT NULL,
    -- most runs of it at once, and what becomes of a time that comes while there are as many: wait or skip
    max_active BIGINT NOT NULL,
    overlap TEXT NOT NULL,
    catch_up BIGINT NOT NULL,
    enabled BIGINT NOT NULL,
    -- nothing is to be made any more for times up to this one
    settled_at BIGINT NOT NULL,
    -- the first time after that; absent where there is none, or it is switched off
    next_at BIGINT,
    -- how many runs it made
    runs BIGINT NOT NULL,
    -- why the last time made no run, or some were passed over; and when that was
    problem TEXT,
    problem_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX recurring_runs_due ON recurring_runs (next_at);
CREATE INDEX recurring_runs_by_team ON recurring_runs (team_id, id);
CREATE INDEX recurring_runs_by_name ON recurring_runs (team_id, name, id);
CREATE INDEX recurring_runs_by_pipeline ON recurring_runs (pipeline_id, id);

-- Which recurring run made it; and for which time, unless somebody asked for it out of turn.
ALTER TABLE pipeline_runs ADD COLUMN recurring_run_id TEXT;
ALTER TABLE pipeline_runs ADD COLUMN scheduled_at BIGINT;
-- No time makes two runs.
CREATE UNIQUE INDEX pipeline_runs_scheduled_unique ON pipeline_runs (recurring_run_id, scheduled_at) WHERE recurring_run_id IS NOT NULL;
CREATE INDEX pipeline_runs_by_recurring_run ON pipeline_runs (recurring_run_id, archived, id) WHERE recurring_run_id IS NOT NULL;
CREATE INDEX pipeline_runs_recurring_live ON pipeline_runs (recurring_run_id) WHERE live = 1;
