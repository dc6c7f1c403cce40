DROP INDEX pipelines_capped;
ALTER TABLE quotas DROP COLUMN pipeline_tasks;
ALTER TABLE pipelines DROP COLUMN max_tasks;
