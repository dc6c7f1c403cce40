ALTER TABLE pipeline_runs DROP COLUMN resumed_at;
