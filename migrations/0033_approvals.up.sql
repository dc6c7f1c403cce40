-- Tasks that wait for somebody of the team are few among all there ever were.
CREATE INDEX tasks_by_approval ON tasks (team_id, id) WHERE kind = 'approval' AND state = 'running';
