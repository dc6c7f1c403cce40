ALTER TABLE deployments DROP COLUMN sticky_header;
ALTER TABLE deployments DROP COLUMN next_share;
ALTER TABLE deployments DROP COLUMN share;
ALTER TABLE deployments DROP COLUMN canary;
