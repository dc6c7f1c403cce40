ALTER TABLE deployments DROP COLUMN limits_json;
