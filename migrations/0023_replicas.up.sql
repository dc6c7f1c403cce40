-- How many replicas each revision at work has.
ALTER TABLE deployments ADD COLUMN replicas BIGINT NOT NULL DEFAULT 1;
-- Replicas of revisions at work: each is carried out by one workload after the other.
CREATE TABLE replicas (
    revision_id TEXT NOT NULL CONSTRAINT replicas_revision_fk REFERENCES revisions (id),
    -- from 1, the lowest that is free
    number BIGINT NOT NULL,
    -- its workload; none while it waits to be started again
    workload_id TEXT,
    -- crashes in a row, what happened last, and when it is started again
    crashes BIGINT NOT NULL,
    reason TEXT,
    retry_at BIGINT,
    -- since when it gets no requests any more, because there are to be fewer
    drains_since BIGINT,
    CONSTRAINT replicas_pk PRIMARY KEY (revision_id, number)
);
CREATE INDEX replicas_by_workload ON replicas (workload_id);
INSERT INTO replicas (revision_id, number, workload_id, crashes, reason, retry_at)
SELECT r.id, 1, (SELECT w.id FROM workloads w WHERE w.id = r.workload_id AND w.settled = 0), r.crashes, r.reason, r.retry_at FROM revisions r
WHERE r.retry_at IS NOT NULL OR EXISTS (SELECT 1 FROM workloads w WHERE w.id = r.workload_id AND w.settled = 0);
ALTER TABLE revisions DROP COLUMN workload_id;
ALTER TABLE revisions DROP COLUMN crashes;
ALTER TABLE revisions DROP COLUMN retry_at;
