-- The number of the revision that this one takes its deployment back to.
ALTER TABLE revisions ADD COLUMN rolled_back_to BIGINT;
-- What a deployment's ledger reads: when something began to serve under a name, also of deployments that are no more.
CREATE INDEX events_of_serving ON events (team_id, object_name, seq) WHERE kind = 'deployment' AND action = 'serve';
