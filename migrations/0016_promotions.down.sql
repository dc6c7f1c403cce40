DROP TABLE promotion_comments;
DROP TABLE promotion_votes;
DROP TABLE promotion_gates;
DROP TABLE promotions;
DROP TABLE stage_policies;
