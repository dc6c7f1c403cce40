-- The revision that takes a share of the traffic beside the one that serves, and its share in percent.
ALTER TABLE deployments ADD COLUMN canary BIGINT;
ALTER TABLE deployments ADD COLUMN share BIGINT;
-- The share that the revision on its way is to take; nothing: all of it.
ALTER TABLE deployments ADD COLUMN next_share BIGINT;
-- Requests with the same value of this header go to the same revision.
ALTER TABLE deployments ADD COLUMN sticky_header TEXT;
