DROP INDEX events_of_serving;
ALTER TABLE revisions DROP COLUMN rolled_back_to;
