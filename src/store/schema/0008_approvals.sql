-- Schema version 8: drafts that reviewers look at before anything is signed, and what they decided.

-- Whose approval the disclosures to a recipient need. No row: nobody's.
CREATE TABLE recipient_approval (
    recipient INTEGER NOT NULL REFERENCES recipient (id), -- to whom they go
    reviewer  INTEGER NOT NULL REFERENCES recipient (id), -- who must approve of each
    PRIMARY KEY (recipient, reviewer)
) STRICT, WITHOUT ROWID;

-- Disclosures fixed in every byte but the signature. A row stays after the draft was sealed or dropped.
CREATE TABLE draft (
    id            INTEGER PRIMARY KEY,          -- the draft's number in this vault
    jti           TEXT NOT NULL UNIQUE,         -- the disclosure's own id
    recipient     INTEGER NOT NULL REFERENCES recipient (id), -- to whom it would go
    purpose       TEXT NOT NULL,                -- what it is for, in words
    drafted_at    TEXT NOT NULL,                -- moment; the disclosure's time of issue
    expires_at    TEXT NOT NULL,                -- moment from which on the disclosure would no longer hold
    unsigned      TEXT NOT NULL,                -- header.payload~disclosures, to be signed exactly as it is
    root_salt     BLOB NOT NULL CHECK (length(root_salt) = 32), -- opens its commitment to its rows
    status_idx    INTEGER NOT NULL CHECK (status_idx >= 0), -- its place in the recipient's status list
    request       TEXT NOT NULL,                -- JSON of what was asked, from which its facts are drawn again
    accepted_risk TEXT,                         -- JSON of the risk that was accepted and why; NULL: none
    passcode      TEXT,                         -- under which it will be sealed; NULL: to a key, or it is done with
    state         TEXT NOT NULL CHECK (state IN ('open', 'sealed', 'dropped')), -- where it stands
    disclosure    INTEGER REFERENCES disclosure (id), -- what it became when it was sealed
    CHECK ((state = 'sealed') = (disclosure IS NOT NULL))
) STRICT;

CREATE INDEX draft_by_recipient ON draft (recipient);

-- Who was asked to look at a draft, and what they said.
CREATE TABLE draft_reviewer (
    draft       INTEGER NOT NULL REFERENCES draft (id), -- at which one
    reviewer    INTEGER NOT NULL REFERENCES recipient (id), -- who, of the owner's recipients
    key         TEXT NOT NULL,                  -- the ssh-ed25519 key under which they decide
    decision    TEXT CHECK (decision IN ('approved', 'declined')), -- NULL: none was taken in yet
    note        TEXT,                           -- their words to the owner
    decided_at  TEXT,                           -- moment at which they signed the decision
    approval    TEXT,                           -- the signed decision
    endorsement TEXT,                           -- their signed endorsement, if they made one
    PRIMARY KEY (draft, reviewer)
) STRICT, WITHOUT ROWID;

-- Reviewers learn what a draft states, so a set beneath a figure hangs on a disclosure or on a draft that they saw.
CREATE TABLE aggregate_seen (
    id         INTEGER PRIMARY KEY,             -- in order of disclosure
    disclosure INTEGER REFERENCES disclosure (id), -- in which it left; NULL: in a draft
    draft      INTEGER REFERENCES draft (id),   -- which a reviewer was given; NULL: in a disclosure
    recipient  INTEGER NOT NULL REFERENCES recipient (id), -- to whom
    kind       TEXT NOT NULL CHECK (kind IN ('sum', 'rounded-sum', 'count', 'revealed', 'threshold')), -- what was told
    account    INTEGER,                         -- the account it is about, if it is one; it may be gone by now
    question   TEXT,                            -- of a threshold: what was asked
    base       INTEGER REFERENCES aggregate_seen (id), -- the sum whose set this one is derived from
    added      BLOB NOT NULL,                   -- rows not in the base's set, as runs; all of them without a base
    removed    BLOB NOT NULL,                   -- rows of the base's set that are not in this one
    epoch      INTEGER NOT NULL,                -- how often the account's opening balance had been moved by then
    CHECK ((disclosure IS NULL) <> (draft IS NULL))
) STRICT;

INSERT INTO aggregate_seen (id, disclosure, recipient, kind, account, question, base, added, removed, epoch)
    SELECT id, disclosure, recipient, kind, account, question, base, added, removed, epoch FROM aggregate_disclosed ORDER BY id;
DROP TABLE aggregate_disclosed;
ALTER TABLE aggregate_seen RENAME TO aggregate_disclosed;

CREATE INDEX aggregate_disclosed_by_account ON aggregate_disclosed (recipient, account);
CREATE INDEX aggregate_disclosed_by_disclosure ON aggregate_disclosed (disclosure);
