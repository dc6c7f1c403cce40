ALTER TABLE workloads DROP COLUMN granted_gpus;
ALTER TABLE workloads DROP COLUMN granted_memory_bytes;
ALTER TABLE workloads DROP COLUMN granted_cpu_millis;
ALTER TABLE workloads DROP COLUMN generation;
