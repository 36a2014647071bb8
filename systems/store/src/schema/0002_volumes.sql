-- Schema 2: how loud somebody is heard in calls, in per cent, and whether at all.
ALTER TABLE contacts ADD COLUMN volume   INTEGER NOT NULL DEFAULT 100;
ALTER TABLE contacts ADD COLUMN silenced INTEGER NOT NULL DEFAULT 0;
