-- Orders of runs that a column of the table chooses: each walks an index, ties newest first. The descending order needs an index of
-- its own, for the ties go the same way in both.
CREATE INDEX runs_by_name ON runs (experiment_key, lifecycle, name, started_at DESC, id);
CREATE INDEX runs_by_name_down ON runs (experiment_key, lifecycle, name DESC, started_at DESC, id);
CREATE INDEX runs_by_user ON runs (experiment_key, lifecycle, user_name, started_at DESC, id);
CREATE INDEX runs_by_user_down ON runs (experiment_key, lifecycle, user_name DESC, started_at DESC, id);
CREATE INDEX runs_by_status ON runs (experiment_key, lifecycle, status, started_at DESC, id);
CREATE INDEX runs_by_status_down ON runs (experiment_key, lifecycle, status DESC, started_at DESC, id);
-- those that have not ended come last
CREATE INDEX runs_by_end ON runs
    (experiment_key, lifecycle, (CASE WHEN ended_at IS NULL THEN 1 ELSE 0 END), (COALESCE(ended_at, 0)), started_at DESC, id);
CREATE INDEX runs_by_end_down ON runs
    (experiment_key, lifecycle, (CASE WHEN ended_at IS NULL THEN 1 ELSE 0 END), (COALESCE(ended_at, 0)) DESC, started_at DESC, id);
-- a run found by the beginning of its name, in the whole team
CREATE INDEX runs_by_team_name ON runs (team_id, lifecycle, name);
