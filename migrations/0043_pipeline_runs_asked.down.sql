ALTER TABLE pipeline_runs DROP COLUMN exits_cancelled_by;
ALTER TABLE pipeline_runs DROP COLUMN resumed_at;
