DROP INDEX pipeline_runs_by_name;
