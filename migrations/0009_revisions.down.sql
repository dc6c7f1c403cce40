ALTER TABLE members DROP COLUMN revision;
ALTER TABLE users DROP COLUMN revision;
