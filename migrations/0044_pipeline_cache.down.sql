ALTER TABLE pipelines DROP COLUMN cache_epoch;
