-- Home looks for the pipeline runs of a team that ended last, and for those that failed.
CREATE INDEX pipeline_runs_by_team_end ON pipeline_runs (team_id, ended_at) WHERE archived = 0;
CREATE INDEX pipeline_runs_by_team_failure ON pipeline_runs (team_id, ended_at) WHERE archived = 0 AND state = 'failed';
