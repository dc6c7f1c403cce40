-- Pipeline runs are looked for by their name, and sorted by it.
CREATE INDEX pipeline_runs_by_name ON pipeline_runs (team_id, archived, name, id);
