-- When somebody last let it go on after its end: the time that its pipeline allows counts from there. Absent where nobody did.
ALTER TABLE pipeline_runs ADD COLUMN resumed_at BIGINT;
