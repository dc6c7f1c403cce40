-- What waited for somebody is found by what it was about, to mark it as read once nothing waits any more.
CREATE INDEX notices_waiting ON notices (object_id) WHERE read_at IS NULL AND kind = 'promotion_waiting';
