-- Schema version: the secret that the owner's signing keys are derived from, so that they outlive the vault's key.

-- At most one row. A vault without it derives them from the vault's key.
CREATE TABLE identity (
    id     INTEGER PRIMARY KEY CHECK (id = 1),        -- there is only one
    secret BLOB NOT NULL CHECK (length(secret) = 32)  -- random bytes; never leaves the vault, not by salvage either
) STRICT;
