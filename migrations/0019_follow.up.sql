-- The alias that a deployment follows: whatever it points at is served. No alias: it serves what it was told to.
ALTER TABLE deployments ADD COLUMN follow_model_id TEXT;
ALTER TABLE deployments ADD COLUMN follow_alias TEXT;
-- The version that was followed last.
ALTER TABLE deployments ADD COLUMN followed BIGINT;
-- The alias for which a revision was made.
ALTER TABLE revisions ADD COLUMN alias TEXT;
