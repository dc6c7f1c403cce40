-- What failed by name: without this, all that ever failed is sorted for one page of it.
CREATE INDEX pipeline_runs_by_state_name ON pipeline_runs (team_id, archived, state, name, id);
