DROP TABLE notice_silences;
DROP TABLE notices;
DELETE FROM counters WHERE name = 'notices';
