ALTER TABLE revisions ADD COLUMN workload_id TEXT;
ALTER TABLE revisions ADD COLUMN crashes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE revisions ADD COLUMN retry_at BIGINT;
UPDATE revisions SET
    workload_id = (SELECT p.workload_id FROM replicas p WHERE p.revision_id = revisions.id ORDER BY p.number LIMIT 1),
    crashes = COALESCE((SELECT p.crashes FROM replicas p WHERE p.revision_id = revisions.id ORDER BY p.number LIMIT 1), 0),
    retry_at = (SELECT p.retry_at FROM replicas p WHERE p.revision_id = revisions.id ORDER BY p.number LIMIT 1);
DROP TABLE replicas;
ALTER TABLE deployments DROP COLUMN replicas;
