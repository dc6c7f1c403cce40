DROP TABLE submissions;
DROP TABLE code_uploads;
