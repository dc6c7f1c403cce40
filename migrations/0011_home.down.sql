DROP INDEX runs_by_team_failure;
DROP INDEX runs_by_team_end;
