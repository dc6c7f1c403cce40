-- Where a person is written to, and what was wrong the last time.
CREATE TABLE mail_addresses (
    user_id TEXT NOT NULL CONSTRAINT mail_addresses_pk PRIMARY KEY CONSTRAINT mail_addresses_user_fk REFERENCES users (id),
    address TEXT NOT NULL,
    problem TEXT
);

-- Mails on their way; what was sent, or given up, is gone.
CREATE TABLE mails (
    id TEXT NOT NULL CONSTRAINT mails_pk PRIMARY KEY,
    user_id TEXT NOT NULL CONSTRAINT mails_user_fk REFERENCES users (id),
    team_id TEXT NOT NULL CONSTRAINT mails_team_fk REFERENCES teams (id),
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    tries_left BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX mails_due ON mails (next_at);
