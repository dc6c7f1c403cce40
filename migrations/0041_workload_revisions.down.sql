ALTER TABLE workloads DROP COLUMN revision;
