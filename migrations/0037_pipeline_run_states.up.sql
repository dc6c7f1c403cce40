-- What failed, or runs, among a great many runs.
CREATE INDEX pipeline_runs_by_state ON pipeline_runs (team_id, archived, state, id);
CREATE INDEX pipeline_runs_by_pipeline_state ON pipeline_runs (pipeline_id, archived, state, id);
