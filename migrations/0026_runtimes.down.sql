ALTER TABLE revisions DROP COLUMN program_json;
DROP TABLE runtimes;
