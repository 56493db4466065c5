-- Schema version 3: which rows lie beneath everything that was disclosed, for the check on what follows from it.

-- One row per figure that left: the exact set of rows beneath it. Rows deleted later keep their numbers here.
CREATE TABLE aggregate_disclosed (
    id         INTEGER PRIMARY KEY,             -- in order of disclosure
    disclosure INTEGER NOT NULL REFERENCES disclosure (id), -- in which it left
    recipient  INTEGER NOT NULL REFERENCES recipient (id), -- to whom
    kind       TEXT NOT NULL CHECK (kind IN ('sum', 'rounded-sum', 'count', 'revealed', 'threshold')), -- what was told
    account    INTEGER,                         -- the account it is about, if it is one; it may be gone by now
    question   TEXT,                            -- of a threshold: what was asked
    base       INTEGER REFERENCES aggregate_disclosed (id), -- the sum whose set this one is derived from
    added      BLOB NOT NULL,                   -- rows not in the base's set, as runs; all of them without a base
    removed    BLOB NOT NULL,                   -- rows of the base's set that are not in this one
    epoch      INTEGER NOT NULL                 -- how often the account's opening balance had been moved by then
) STRICT;

CREATE INDEX aggregate_disclosed_by_account ON aggregate_disclosed (recipient, account);
CREATE INDEX aggregate_disclosed_by_disclosure ON aggregate_disclosed (disclosure);

-- Opening balances that an import of older rows moved: opening before = opening after + these rows.
CREATE TABLE opening_moved (
    id           INTEGER PRIMARY KEY,           -- in order of import
    account      INTEGER NOT NULL,              -- whose opening balance; the account may be gone by now
    batch        INTEGER NOT NULL REFERENCES batch (id), -- the import
    older        BLOB NOT NULL,                 -- the older rows, as runs
    epoch        INTEGER NOT NULL,              -- the account's epoch from then on
    undone_epoch INTEGER                        -- the account's epoch from when the import was taken back on
) STRICT;

CREATE INDEX opening_moved_by_account ON opening_moved (account);

-- The largest number of a row that was ever beneath a figure: no new row gets a number up to it, since the
-- history would take the one for the other. One row.
CREATE TABLE row_number (
    floor INTEGER NOT NULL -- largest number in any set above
) STRICT;

INSERT INTO row_number VALUES (0);

-- Disclosures made before finvault kept what lies beneath them.
CREATE TABLE disclosure_unkept (
    disclosure INTEGER PRIMARY KEY REFERENCES disclosure (id) -- the disclosure
) STRICT;

INSERT INTO disclosure_unkept SELECT id FROM disclosure;

-- What the owner allows a recipient to work out. Without a row the defaults hold.
CREATE TABLE recipient_policy (
    recipient        INTEGER PRIMARY KEY REFERENCES recipient (id), -- the recipient
    k                INTEGER NOT NULL CHECK (k BETWEEN 1 AND 1000), -- fewer transactions than this are a leak
    threshold_budget INTEGER NOT NULL CHECK (threshold_budget BETWEEN 0 AND 1000), -- yes-or-no answers per account
    collusion        TEXT NOT NULL CHECK (collusion IN ('warn', 'refuse')) -- where recipients together know more
) STRICT;
