-- Schema version: of which days each imported statement speaks, so that a disclosure can say where data is missing.

-- One row per statement imported.
CREATE TABLE statement_period (
    id        INTEGER PRIMARY KEY,              -- in order of entry
    batch     INTEGER NOT NULL REFERENCES batch (id), -- the import that brought it
    account   INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- of which account
    first_day TEXT NOT NULL,                    -- the first day it speaks of
    last_day  TEXT NOT NULL,                    -- the last day it speaks of
    CHECK (first_day <= last_day)
) STRICT;

CREATE INDEX statement_period_by_account ON statement_period (account, first_day);

-- Rows that the owner entered, or whose day or amount they changed: whether a fact rests on any is asked often.
CREATE INDEX movement_by_owner ON movement (account, posted)
    WHERE batch IS NULL OR source_posted IS NOT NULL OR source_amount_minor IS NOT NULL;

-- Statements imported before there was this table: from their first row to their last.
INSERT INTO statement_period (batch, account, first_day, last_day)
    SELECT batch, account, min(posted), max(posted) FROM movement WHERE batch IS NOT NULL GROUP BY batch, account;
