ALTER TABLE tokens DROP COLUMN rate;
ALTER TABLE deployments DROP COLUMN callers_json;
