DROP TABLE image_digests;
ALTER TABLE workloads DROP COLUMN image_digest;
