-- The life of recipients and disclosures: due diligence, limits, revocation, renewal, close-out, review.

-- What the owner lets one recipient have at most. No row: no limit.
CREATE TABLE recipient_limit (
    recipient      INTEGER PRIMARY KEY REFERENCES recipient (id), -- whose it is
    max_lifetime_s INTEGER CHECK (max_lifetime_s > 0), -- longest lifetime of a disclosure, in seconds; NULL: any
    allowed        TEXT,                        -- kinds of fact, separated by commas; NULL: every kind
    vetting        TEXT NOT NULL DEFAULT 'off'  -- off, warn, refuse: what is done where vetting is missing or old
) STRICT;

-- The Ed25519 key under which a recipient confirms deletions, as an ssh-ed25519 text.
CREATE TABLE recipient_receipt_key (
    recipient INTEGER PRIMARY KEY REFERENCES recipient (id), -- whose it is
    key       TEXT NOT NULL                     -- ssh-ed25519 ...
) STRICT;

-- Due diligence: one row for each time somebody looked at a recipient. The newest one counts.
CREATE TABLE vetting (
    id        INTEGER PRIMARY KEY,              -- in order of entry
    recipient INTEGER NOT NULL REFERENCES recipient (id), -- who was looked at
    vetted_by TEXT NOT NULL,                    -- by whom
    what      TEXT NOT NULL,                    -- what was looked at
    until     TEXT NOT NULL,                    -- the last day on which it counts
    noted_at  TEXT NOT NULL                     -- moment
) STRICT;

CREATE INDEX vetting_by_recipient ON vetting (recipient, id);

-- What became of a disclosure. Those made by an older finvault have no row until something happens to them.
CREATE TABLE disclosure_life (
    disclosure     INTEGER PRIMARY KEY REFERENCES disclosure (id), -- which one
    recipient      INTEGER NOT NULL REFERENCES recipient (id), -- to whom
    status_idx     INTEGER CHECK (status_idx >= 0), -- its place in the recipient's status list; NULL: it names none
    request        TEXT,                        -- JSON from which it can be made again; NULL: it cannot
    standing_until TEXT,                        -- the last day on which it may be renewed; NULL: never
    renews         INTEGER REFERENCES disclosure (id), -- the one whose place it takes
    revoked_at     TEXT,                        -- moment
    revoked_why    TEXT,                        -- the owner's reason
    closed_at      TEXT,                        -- moment at which its deletion was confirmed
    receipt        TEXT,                        -- the signed receipt; NULL beside closed_at: the word alone
    UNIQUE (recipient, status_idx)
) STRICT;

-- When the owner wants to be reminded to look at what is out there.
CREATE TABLE review_plan (
    id          INTEGER PRIMARY KEY CHECK (id = 1), -- there is one
    every_days  INTEGER CHECK (every_days > 0), -- the interval; NULL: no reminder
    reviewed_at TEXT                            -- moment of the last review; NULL: never
) STRICT;
