DROP INDEX notices_waiting;
