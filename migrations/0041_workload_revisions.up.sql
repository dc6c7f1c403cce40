-- Grows with each change of a workload: what did not change since it was read last is not read again.
ALTER TABLE workloads ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
