ALTER TABLE workloads DROP COLUMN failed_node;
ALTER TABLE submissions DROP COLUMN nodes;
ALTER TABLE workloads DROP COLUMN nodes;
