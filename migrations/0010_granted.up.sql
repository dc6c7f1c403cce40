-- Which state of its owner a workload carries out: revision of a deployment, version of an environment; 1 where the owner has but one.
ALTER TABLE workloads ADD COLUMN generation BIGINT NOT NULL DEFAULT 1;
-- What it was granted; absent while it waits.
ALTER TABLE workloads ADD COLUMN granted_cpu_millis BIGINT;
ALTER TABLE workloads ADD COLUMN granted_memory_bytes BIGINT;
ALTER TABLE workloads ADD COLUMN granted_gpus BIGINT;
UPDATE workloads SET granted_cpu_millis = cpu_millis, granted_memory_bytes = memory_bytes, granted_gpus = gpus WHERE granted_at IS NOT NULL;
