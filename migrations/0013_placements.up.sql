-- On which nodes workloads of a size or in an environment may run, and what more their pods have. Only on Kubernetes.
CREATE TABLE placements (
    -- size or environment
    kind TEXT NOT NULL,
    -- name of the size, id of the environment
    object_id TEXT NOT NULL,
    -- as an admin wrote them, YAML or JSON
    tolerations TEXT NOT NULL,
    node_selector TEXT NOT NULL,
    patch TEXT NOT NULL,
    revision BIGINT NOT NULL,
    CONSTRAINT placements_pk PRIMARY KEY (kind, object_id)
);
