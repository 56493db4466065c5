-- The owner's rules for payees and categories, and what they did to each transaction.

-- One row per rule. Conditions that are NULL are not asked; all others must hold.
CREATE TABLE rule (
    id           INTEGER PRIMARY KEY,           -- the rule's number
    position     INTEGER NOT NULL,              -- rules are tried in this order
    test         TEXT CHECK (test IN ('contains', 'begins', 'exact', 'regex')), -- how the text is compared
    text         TEXT,                          -- with what
    field        TEXT CHECK (field IN ('payee', 'memo', 'any')), -- which text of a transaction
    currency     TEXT,                          -- of the two amounts
    digits       INTEGER CHECK (digits BETWEEN 0 AND 9), -- decimal digits of the currency
    least_minor  INTEGER CHECK (least_minor >= 0), -- the smallest size of the amount, without its sign
    most_minor   INTEGER CHECK (most_minor >= 0), -- the largest
    flow         TEXT CHECK (flow IN ('in', 'out')), -- which way the money went
    account      INTEGER REFERENCES account (id) ON DELETE CASCADE, -- of this account; the rule goes with it
    set_payee    TEXT,                          -- what the other party is called
    set_category TEXT,                          -- the category, spelled as in category.name
    CHECK ((test IS NULL) = (text IS NULL) AND (test IS NULL) = (field IS NULL)),
    CHECK ((currency IS NULL) = (digits IS NULL)),
    CHECK (set_payee IS NOT NULL OR set_category IS NOT NULL)
) STRICT;

CREATE INDEX rule_by_account ON rule (account) WHERE account IS NOT NULL;

-- What rules last set on a transaction. A value that is no longer the transaction's own was changed by the owner
-- since, and rules leave it alone.
CREATE TABLE movement_rule (
    movement INTEGER PRIMARY KEY REFERENCES movement (id) ON DELETE CASCADE, -- the transaction
    payee    TEXT,                              -- the name they gave; NULL: none
    category TEXT,                              -- the category they gave; NULL: none; '': the owner chose it
    given    TEXT                               -- the category that a CSV file gave the row; NULL: none
) STRICT;
