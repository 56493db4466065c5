-- Schema version 1: the ledger.
--
-- Amounts are whole minor units of the account's currency (cents, yen, fils). Days are ISO 8601 text
-- (YYYY-MM-DD), as the bank wrote them; moments are RFC 3339 text in UTC. Words such as kinds and
-- statuses are the ones that the crate's own types print.

-- Commodities of the owner's own, which ISO 4217 does not list.
CREATE TABLE commodity (
    code    TEXT    NOT NULL PRIMARY KEY,                       -- 1 to 12 letters, digits, '.', '_', '-'
    digits  INTEGER NOT NULL CHECK (digits BETWEEN 0 AND 9)     -- decimal digits of its minor unit
) STRICT, WITHOUT ROWID;

-- One row per file imported.
CREATE TABLE batch (
    id          INTEGER PRIMARY KEY,            -- the import's number
    file_name   TEXT NOT NULL,                  -- the file's name, without its folder
    sha256      TEXT NOT NULL,                  -- digest of its bytes, lower-case hex
    format      TEXT NOT NULL,                  -- ofx1, ofx2, csv, ...
    imported_at TEXT NOT NULL,                  -- moment
    undone_at   TEXT,                           -- moment, when the owner took the import back
    added       INTEGER NOT NULL DEFAULT 0,     -- rows that were new, over all accounts
    duplicate   INTEGER NOT NULL DEFAULT 0,     -- rows that the accounts had already
    updated     INTEGER NOT NULL DEFAULT 0      -- pending rows that the bank has now booked
) STRICT;

-- What holds money or owes it.
CREATE TABLE account (
    id              INTEGER PRIMARY KEY,        -- the account's number in this vault
    name            TEXT    NOT NULL,           -- the owner's name for it
    name_folded     TEXT    NOT NULL UNIQUE,    -- lower case, so that no two differ by case alone
    kind            TEXT    NOT NULL,           -- checking, savings, credit-card, ...
    currency        TEXT    NOT NULL,           -- what all its amounts are in
    digits          INTEGER NOT NULL CHECK (digits BETWEEN 0 AND 9), -- decimal digits of the currency
    institution     TEXT,                       -- the bank's name or routing id
    number          TEXT,                       -- number or IBAN as the bank writes it
    number_folded   TEXT,                       -- its letters and digits alone, for matching statements
    opening_date    TEXT,                       -- day at whose start the opening balance held
    opening_minor   INTEGER,                    -- balance before the first transaction
    opening_derived INTEGER CHECK (opening_derived IN (0, 1)), -- 1: worked out from a stated balance
    closed          TEXT,                       -- day the owner closed it
    created_by      INTEGER REFERENCES batch (id), -- the import that made it, if one did
    CHECK ((opening_date IS NULL) = (opening_minor IS NULL)),
    CHECK ((opening_date IS NULL) = (opening_derived IS NULL))
) STRICT;

CREATE INDEX account_by_number ON account (number_folded) WHERE number_folded IS NOT NULL;

-- What one import did to one account.
CREATE TABLE batch_account (
    batch               INTEGER NOT NULL REFERENCES batch (id), -- the import
    account             INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- the account
    added               INTEGER NOT NULL,       -- rows that were new
    duplicate           INTEGER NOT NULL,       -- rows the account had already
    updated             INTEGER NOT NULL,       -- pending rows that the bank has now booked
    opening_set         INTEGER NOT NULL CHECK (opening_set IN (0, 1)), -- 1: this import gave the opening balance
    opening_shift_minor INTEGER NOT NULL,       -- what older rows of this import took off the opening balance
    opening_date_before TEXT,                   -- the opening's day before this import moved it
    PRIMARY KEY (batch, account)
) STRICT, WITHOUT ROWID;

-- Movements. Called "movement" because TRANSACTION is a word of SQL's own.
CREATE TABLE movement (
    id                  INTEGER PRIMARY KEY,    -- the transaction's number in this vault
    account             INTEGER NOT NULL REFERENCES account (id), -- whose it is
    posted              TEXT    NOT NULL,       -- day booked
    amount_minor        INTEGER NOT NULL,       -- positive raises the account's balance
    payee               TEXT    NOT NULL,       -- other party, cleaned for reading
    payee_raw           TEXT,                   -- as the bank wrote it; NULL where payee is just that
    memo                TEXT,                   -- further text of the bank's or the owner's
    reference           TEXT,                   -- cheque number or the like
    category            TEXT,                   -- the owner's
    status              TEXT    NOT NULL,       -- pending, posted, reconciled
    bank_id             TEXT,                   -- the bank's id, only where it may identify the row
    fingerprint         BLOB    NOT NULL CHECK (length(fingerprint) = 32), -- of the row as the source wrote it
    batch               INTEGER REFERENCES batch (id), -- NULL when entered by hand
    source_posted       TEXT,                   -- day as the source wrote it, once the owner changed it
    source_amount_minor INTEGER                 -- amount as the source wrote it, once the owner changed it
) STRICT;

-- Amount and status are in the index so that a balance at any date never touches the table.
CREATE INDEX movement_by_account_day ON movement (account, posted, status, amount_minor);
CREATE INDEX movement_by_batch ON movement (batch) WHERE batch IS NOT NULL;
CREATE INDEX movement_by_source_day ON movement (account, source_posted) WHERE source_posted IS NOT NULL;

-- Balances that statements stated, never changed afterwards.
CREATE TABLE stated_balance (
    id           INTEGER PRIMARY KEY,           -- in order of entry
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- whose it is
    kind         TEXT    NOT NULL,              -- ledger, available, opening, closing
    day          TEXT    NOT NULL,              -- the day it holds for
    amount_minor INTEGER NOT NULL,              -- how much
    batch        INTEGER NOT NULL REFERENCES batch (id), -- the import that brought it
    UNIQUE (account, kind, day, amount_minor, batch)
) STRICT;
