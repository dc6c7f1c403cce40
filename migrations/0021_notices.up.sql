-- How far the events were looked at for what people are to be told; what was before is not told.
INSERT INTO counters (name, value) SELECT 'notices', value FROM counters WHERE name = 'events';

-- What a person was told of in the portal: at most once of each event.
CREATE TABLE notices (
    user_id TEXT NOT NULL CONSTRAINT notices_user_fk REFERENCES users (id),
    -- the event
    seq BIGINT NOT NULL,
    team_id TEXT NOT NULL CONSTRAINT notices_team_fk REFERENCES teams (id),
    kind TEXT NOT NULL,
    -- id and name of what it is about, not references: a notice outlives it
    object_id TEXT NOT NULL,
    object_name TEXT NOT NULL,
    title TEXT NOT NULL,
    detail TEXT,
    created_at BIGINT NOT NULL,
    read_at BIGINT,
    CONSTRAINT notices_pk PRIMARY KEY (user_id, seq)
);
CREATE INDEX notices_unread ON notices (user_id) WHERE read_at IS NULL;
CREATE INDEX notices_by_time ON notices (created_at);

-- What a person does not want to be told, and where.
CREATE TABLE notice_silences (
    user_id TEXT NOT NULL CONSTRAINT notice_silences_user_fk REFERENCES users (id),
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    CONSTRAINT notice_silences_pk PRIMARY KEY (user_id, kind, channel)
);
