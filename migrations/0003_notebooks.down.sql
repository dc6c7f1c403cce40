DROP TABLE notebook_sessions;
DROP TABLE notebook_tickets;
DROP TABLE kept_volumes;
DROP TABLE notebooks;
