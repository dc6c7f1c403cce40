-- The content of the image that it ran, where the cluster says it.
ALTER TABLE workloads ADD COLUMN image_digest TEXT;
-- What an image was when a workload was last seen to run it, whichever team's.
CREATE TABLE image_digests (
    -- its name, as the workload was told it
    image TEXT NOT NULL CONSTRAINT image_digests_pk PRIMARY KEY,
    digest TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);
