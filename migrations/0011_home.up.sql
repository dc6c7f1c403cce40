-- Home: what a team's submitted runs came to, newest first, and those that failed.
CREATE INDEX runs_by_team_end ON runs (team_id, ended_at) WHERE submitted = 1 AND lifecycle = 'active';
CREATE INDEX runs_by_team_failure ON runs (team_id, ended_at) WHERE submitted = 1 AND lifecycle = 'active' AND state = 'failed';
