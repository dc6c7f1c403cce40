DROP INDEX pipeline_runs_recurring_live;
DROP INDEX pipeline_runs_by_recurring_run;
DROP INDEX pipeline_runs_scheduled_unique;
ALTER TABLE pipeline_runs DROP COLUMN scheduled_at;
ALTER TABLE pipeline_runs DROP COLUMN recurring_run_id;
DROP TABLE recurring_runs;
