ALTER TABLE promotion_votes DROP COLUMN counted;
ALTER TABLE promotions DROP COLUMN needed;
