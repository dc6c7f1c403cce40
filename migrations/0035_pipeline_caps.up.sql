-- Most tasks of a pipeline's runs, and of all pipeline runs of a team, that are at work at once; absent is as many as there is room for.
ALTER TABLE pipelines ADD COLUMN max_tasks BIGINT;
ALTER TABLE quotas ADD COLUMN pipeline_tasks BIGINT;
-- Whether there is any is asked for each look at the queue.
CREATE INDEX pipelines_capped ON pipelines (id) WHERE max_tasks IS NOT NULL;
