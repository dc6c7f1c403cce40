DROP TABLE environment_versions;
DROP TABLE environments;
DROP TABLE usage_rollups;
DROP TABLE usage_samples;
DROP TABLE workloads;
DELETE FROM counters WHERE name = 'workloads';
