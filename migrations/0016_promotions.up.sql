-- What a stage asks of a version; a stage without a row asks nothing.
CREATE TABLE stage_policies (
    team_id TEXT NOT NULL CONSTRAINT stage_policies_team_fk REFERENCES teams (id),
    stage TEXT NOT NULL,
    alias TEXT NOT NULL,
    gates_json TEXT NOT NULL,
    -- absent is one as soon as the team has two maintainers
    approvals BIGINT,
    protect BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    CONSTRAINT stage_policies_pk PRIMARY KEY (team_id, stage),
    CONSTRAINT stage_policies_alias_unique UNIQUE (team_id, alias)
);

CREATE TABLE promotions (
    id TEXT NOT NULL CONSTRAINT promotions_pk PRIMARY KEY,
    team_id TEXT NOT NULL CONSTRAINT promotions_team_fk REFERENCES teams (id),
    -- names and ids, not references: what was asked outlives the model
    model_id TEXT NOT NULL,
    model TEXT NOT NULL,
    version_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    stage TEXT NOT NULL,
    alias TEXT NOT NULL,
    -- the version that had the alias when the gates were looked at
    current_version BIGINT,
    -- the policy's revision by which the gates were made
    policy_revision BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    requested_by TEXT NOT NULL,
    requested_by_id TEXT NOT NULL,
    -- the model and stage while it is open: one at a time
    open_key TEXT CONSTRAINT promotions_open_unique UNIQUE,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    state_since BIGINT NOT NULL
);
CREATE INDEX promotions_by_team ON promotions (team_id, id);
CREATE INDEX promotions_by_model ON promotions (model_id, id);

CREATE TABLE promotion_gates (
    promotion_id TEXT NOT NULL CONSTRAINT promotion_gates_fk REFERENCES promotions (id),
    position BIGINT NOT NULL,
    -- which look at it; a re-check begins another
    round BIGINT NOT NULL,
    gate_json TEXT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT,
    evidence_json TEXT,
    workload_id TEXT,
    attempts BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    CONSTRAINT promotion_gates_pk PRIMARY KEY (promotion_id, position)
);

CREATE TABLE promotion_votes (
    promotion_id TEXT NOT NULL CONSTRAINT promotion_votes_fk REFERENCES promotions (id),
    user_id TEXT NOT NULL,
    user_name TEXT NOT NULL,
    approves BIGINT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT promotion_votes_pk PRIMARY KEY (promotion_id, user_id)
);

CREATE TABLE promotion_comments (
    id TEXT NOT NULL CONSTRAINT promotion_comments_pk PRIMARY KEY,
    promotion_id TEXT NOT NULL CONSTRAINT promotion_comments_fk REFERENCES promotions (id),
    user_name TEXT NOT NULL,
    text TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX promotion_comments_by_promotion ON promotion_comments (promotion_id, id);
