DROP TABLE pipeline_images;
DROP TABLE tasks;
DROP TABLE pipeline_runs;
DROP TABLE pipeline_versions;
DROP TABLE pipelines;
DROP TABLE pipeline_specs;
