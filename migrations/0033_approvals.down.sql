DROP INDEX tasks_by_approval;
