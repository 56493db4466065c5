-- Schema version: reconciled balances, and which account a statement is of where its file does not say.

-- Balances that the owner compared with the bank's and found true.
CREATE TABLE reconciliation (
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- whose it is
    day          TEXT NOT NULL,                 -- at the end of which day
    amount_minor INTEGER NOT NULL,              -- the balance
    reconciled_at TEXT NOT NULL,                -- moment
    PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;

-- What the owner answered when a statement did not tell its account, or told it by another number.
CREATE TABLE account_known_by (
    kind    TEXT NOT NULL CHECK (kind IN ('number', 'file')), -- what the statement shows
    key     TEXT NOT NULL,                      -- number: its letters and digits; file: digest of its kind of name and first line
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- the account it means
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_known_by_account ON account_known_by (account);
