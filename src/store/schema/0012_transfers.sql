-- Schema version: transfers between the owner's accounts.

-- Two transactions that are one movement of money between two accounts.
CREATE TABLE transfer (
    from_movement INTEGER NOT NULL PRIMARY KEY REFERENCES movement (id) ON DELETE CASCADE, -- where it left
    to_movement   INTEGER NOT NULL UNIQUE REFERENCES movement (id) ON DELETE CASCADE, -- where it arrived
    linked_at     TEXT NOT NULL                 -- moment
) STRICT, WITHOUT ROWID;

-- Pairs that the owner does not want proposed again.
CREATE TABLE transfer_rejected (
    from_movement INTEGER NOT NULL REFERENCES movement (id) ON DELETE CASCADE, -- the one side
    to_movement   INTEGER NOT NULL REFERENCES movement (id) ON DELETE CASCADE, -- the other side
    PRIMARY KEY (from_movement, to_movement)
) STRICT, WITHOUT ROWID;

CREATE INDEX transfer_rejected_by_to ON transfer_rejected (to_movement);
