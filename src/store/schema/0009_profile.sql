-- Schema version: the owner's profile, of which a disclosure takes the fields that the owner chooses.

-- One row per field that is set.
CREATE TABLE profile (
    field TEXT NOT NULL PRIMARY KEY             -- which one, by its word
        CHECK (field IN ('name', 'business', 'email', 'phone', 'address', 'tax-id')),
    value TEXT NOT NULL CHECK (value <> '')     -- as the owner wrote it: plain text on one line
) STRICT, WITHOUT ROWID;
