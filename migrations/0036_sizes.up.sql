-- What a size holds, where an admin set that: Kubernetes quantities as they were written; empty as it ships, and for environments.
ALTER TABLE placements ADD COLUMN cpu TEXT NOT NULL DEFAULT '';
ALTER TABLE placements ADD COLUMN memory TEXT NOT NULL DEFAULT '';
ALTER TABLE placements ADD COLUMN gpu TEXT NOT NULL DEFAULT '';
