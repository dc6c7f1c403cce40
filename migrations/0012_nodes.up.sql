-- On how many nodes at once. The amounts of a workload are those of all of them together, those of a submission are each node's.
ALTER TABLE workloads ADD COLUMN nodes BIGINT NOT NULL DEFAULT 1;
ALTER TABLE submissions ADD COLUMN nodes BIGINT NOT NULL DEFAULT 1;
-- Which of several nodes ended it, by failing first.
ALTER TABLE workloads ADD COLUMN failed_node BIGINT;
