DROP TABLE revisions;
DROP TABLE deployments;
