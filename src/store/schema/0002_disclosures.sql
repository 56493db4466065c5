-- Schema version 2: who receives disclosures, what was disclosed, and the signed log of it.

-- To whom disclosures go.
CREATE TABLE recipient (
    id          INTEGER PRIMARY KEY,            -- the recipient's number in this vault
    name        TEXT NOT NULL,                  -- the owner's name for them
    name_folded TEXT NOT NULL,                  -- lower case; unique among those not removed
    key         TEXT,                           -- age1... or ssh-ed25519 ...; NULL: a passcode each time
    key_salt    BLOB NOT NULL CHECK (length(key_salt) = 32), -- from which their signing key is derived
    added_at    TEXT NOT NULL,                  -- moment
    removed_at  TEXT                            -- moment; the row stays, since the log speaks of it
) STRICT;

CREATE UNIQUE INDEX recipient_by_name ON recipient (name_folded) WHERE removed_at IS NULL;

-- What left, one row per sealed file.
CREATE TABLE disclosure (
    id         INTEGER PRIMARY KEY,             -- the disclosure's number in this vault
    jti        TEXT NOT NULL UNIQUE,            -- the token's own id
    recipient  INTEGER NOT NULL REFERENCES recipient (id), -- to whom
    purpose    TEXT NOT NULL,                   -- what it is for, in words
    issued_at  TEXT NOT NULL,                   -- moment
    expires_at TEXT NOT NULL,                   -- moment
    sha256     TEXT NOT NULL,                   -- digest of the exact sealed bytes, lower-case hex
    token      TEXT NOT NULL,                   -- the signed token, exactly as it was sealed
    root_salt  BLOB NOT NULL CHECK (length(root_salt) = 32) -- opens the token's commitment to its rows
) STRICT;

CREATE INDEX disclosure_by_recipient ON disclosure (recipient);

-- Append-only: each entry carries the hash of the one before it and a signature.
CREATE TABLE log_entry (
    seq       INTEGER PRIMARY KEY,              -- from 1, without gaps
    at_ms     INTEGER NOT NULL,                 -- milliseconds since 1970-01-01 UTC
    kind      TEXT NOT NULL,                    -- vault-created, disclosed, ...
    body      TEXT NOT NULL,                    -- JSON, exactly as it was hashed
    prev_hash BLOB NOT NULL CHECK (length(prev_hash) = 32), -- the hash of the entry before; zeros at first
    hash      BLOB NOT NULL CHECK (length(hash) = 32), -- over everything above
    signature BLOB NOT NULL CHECK (length(signature) = 64) -- of the vault's log key over the hash
) STRICT;

-- The log is history: nothing in it is changed or taken out.
CREATE TRIGGER log_entry_is_never_changed BEFORE UPDATE ON log_entry
BEGIN SELECT raise(ABORT, 'the log is append-only'); END;
CREATE TRIGGER log_entry_is_never_deleted BEFORE DELETE ON log_entry
BEGIN SELECT raise(ABORT, 'the log is append-only'); END;
