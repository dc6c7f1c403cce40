-- When somebody last let it go on after its end: the time that its pipeline allows counts from there. Absent where nobody did.
ALTER TABLE pipeline_runs ADD COLUMN resumed_at BIGINT;
-- Who asked, after it was asked to end, that its exit tasks end as well.
ALTER TABLE pipeline_runs ADD COLUMN exits_cancelled_by TEXT;
