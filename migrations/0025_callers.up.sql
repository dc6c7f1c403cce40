-- Who may call a deployment beside its team: everybody, pages of other origins; JSON; nothing: nobody.
ALTER TABLE deployments ADD COLUMN callers_json TEXT;
-- Most requests per second with this token; nothing: as many as come.
ALTER TABLE tokens ADD COLUMN rate BIGINT;
