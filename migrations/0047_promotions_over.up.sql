-- How many approvals a promotion needed when it was over; absent while it is open.
ALTER TABLE promotions ADD COLUMN needed BIGINT;
-- Whether a vote counted then.
ALTER TABLE promotion_votes ADD COLUMN counted BIGINT;
