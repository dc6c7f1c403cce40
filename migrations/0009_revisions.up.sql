-- Counts up with each change: who changes what they saw before somebody else did is told so.
ALTER TABLE users ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE members ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
