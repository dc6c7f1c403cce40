ALTER TABLE placements DROP COLUMN gpu;
ALTER TABLE placements DROP COLUMN memory;
ALTER TABLE placements DROP COLUMN cpu;
