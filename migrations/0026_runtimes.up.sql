-- Servers that models run in, as an admin declared them. What comes with Slipway has no row.
CREATE TABLE runtimes (
    name TEXT NOT NULL CONSTRAINT runtimes_pk PRIMARY KEY,
    description TEXT NOT NULL,
    -- flavors of MLflow, a JSON list
    formats_json TEXT NOT NULL,
    -- the lowest is chosen first; nothing: only where it is named
    choice_order BIGINT,
    -- the environment it runs in where a deployment names none
    environment TEXT,
    -- what is run, JSON
    program_json TEXT NOT NULL,
    revision BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
-- What each replica of a revision runs, JSON, as it was declared when the revision was made; nothing: the shipped model server.
ALTER TABLE revisions ADD COLUMN program_json TEXT;
