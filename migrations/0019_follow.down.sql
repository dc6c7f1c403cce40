ALTER TABLE revisions DROP COLUMN alias;
ALTER TABLE deployments DROP COLUMN followed;
ALTER TABLE deployments DROP COLUMN follow_alias;
ALTER TABLE deployments DROP COLUMN follow_model_id;
