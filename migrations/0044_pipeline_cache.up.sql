-- How often the cache of a pipeline was cleared. What its tasks made is kept under this number, so that what was made before is taken over no more.
ALTER TABLE pipelines ADD COLUMN cache_epoch BIGINT NOT NULL DEFAULT 0;
