-- Schema version: what became of each row of a statement, so that it can be told and taken back exactly.

-- Which rows of an import the account had already, just as the statement writes them. What is new needs no entry:
-- its transaction names the import.
CREATE TABLE batch_seen (
    batch   INTEGER NOT NULL REFERENCES batch (id), -- the import
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- the account
    by_id   BLOB NOT NULL,                      -- transactions known by the bank's id, as runs
    by_text BLOB NOT NULL,                      -- transactions known by day, amount and text, as runs
    PRIMARY KEY (batch, account)
) STRICT, WITHOUT ROWID;

-- Imported rows that the owner deleted: they stay deleted when a statement brings them again.
CREATE TABLE movement_deleted (
    id           INTEGER PRIMARY KEY,           -- in order of deletion
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- whose it was
    movement     INTEGER NOT NULL,              -- the number it had
    batch        INTEGER REFERENCES batch (id), -- the import that had brought it; NULL: entered by hand
    posted       TEXT NOT NULL,                 -- day, as the source wrote it
    amount_minor INTEGER NOT NULL,              -- amount, as the source wrote it
    payee        TEXT NOT NULL,                 -- other party
    bank_id      TEXT,                          -- the bank's id, where it identified the row
    fingerprint  BLOB NOT NULL CHECK (length(fingerprint) = 32), -- of the row as the source wrote it
    restored_by  INTEGER REFERENCES batch (id)  -- the import that brought it back, since the owner asked for that
) STRICT;

CREATE INDEX movement_deleted_by_account_day ON movement_deleted (account, posted);

-- 1 once the owner changed what a source wrote about a row; NULL before that.
ALTER TABLE movement ADD COLUMN edited INTEGER CHECK (edited = 1);

-- Rows of statements that were neither simply new nor simply known, as the statement writes them; and what a pending
-- row said before it was booked.
CREATE TABLE statement_row (
    id           INTEGER PRIMARY KEY,           -- in order of entry
    batch        INTEGER NOT NULL REFERENCES batch (id), -- the import
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- the account
    line         INTEGER NOT NULL,              -- where it begins in the file, from 1
    outcome      TEXT NOT NULL CHECK (outcome IN ('merged', 'booked', 'was-pending', 'deleted', 'doubtful')), -- what became of it
    why          TEXT NOT NULL,                 -- by what it was recognised, in words
    movement     INTEGER,                       -- the transaction that it is
    other        INTEGER,                       -- doubtful: the transaction that it may be as well
    deleted      INTEGER REFERENCES movement_deleted (id) ON DELETE CASCADE, -- the deleted row that it is
    posted       TEXT NOT NULL,                 -- day
    amount_minor INTEGER NOT NULL,              -- amount
    payee        TEXT NOT NULL,                 -- other party, cleaned
    payee_raw    TEXT,                          -- as written; NULL where payee is just that
    memo         TEXT,                          -- further text
    reference    TEXT,                          -- cheque number or the like
    status       TEXT NOT NULL,                 -- pending, posted
    bank_id      TEXT,                          -- the bank's id, only where it may identify the row
    fingerprint  BLOB NOT NULL CHECK (length(fingerprint) = 32) -- of this writing
) STRICT;

CREATE INDEX statement_row_by_batch ON statement_row (batch);
CREATE INDEX statement_row_by_account_day ON statement_row (account, posted);
CREATE INDEX statement_row_by_movement ON statement_row (movement) WHERE movement IS NOT NULL;
