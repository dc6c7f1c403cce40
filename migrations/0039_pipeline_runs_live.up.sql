-- How many of a team's pipeline runs go on stands on each page of it; without this, SQLite walks all that the team ever had.
CREATE INDEX pipeline_runs_live_by_team ON pipeline_runs (team_id) WHERE live = 1;
