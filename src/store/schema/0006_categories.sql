-- Categories as a tree, tags, and splits of one transaction over several categories.

-- The categories there are. A category below another is written "Food:Groceries"; movement.category and
-- split.category hold such names, spelled as here.
CREATE TABLE category (
    name TEXT NOT NULL PRIMARY KEY              -- the whole path; no two differ by letter case alone
) STRICT, WITHOUT ROWID;

-- What older versions took as category was any text.
INSERT INTO category (name) SELECT DISTINCT category FROM movement WHERE category IS NOT NULL;

-- All that sums by category need is in the index, so that they never touch the table nor sort its rows.
CREATE INDEX movement_by_category ON movement (category, account, posted, status, amount_minor)
    WHERE category IS NOT NULL;

-- The owner's tags.
CREATE TABLE movement_tag (
    movement INTEGER NOT NULL REFERENCES movement (id) ON DELETE CASCADE, -- the transaction
    folded   TEXT    NOT NULL,                  -- the tag in lower case, by which it is found
    tag      TEXT    NOT NULL,                  -- the tag as the owner first wrote it
    PRIMARY KEY (movement, folded)
) STRICT, WITHOUT ROWID;

CREATE INDEX movement_tag_by_tag ON movement_tag (folded);

-- The parts of a transaction that belongs to several categories. They add up to its amount; the transaction
-- has no category of its own then.
CREATE TABLE split (
    movement     INTEGER NOT NULL REFERENCES movement (id) ON DELETE CASCADE, -- the transaction
    seq          INTEGER NOT NULL,              -- from 0, in the owner's order
    category     TEXT    NOT NULL,              -- what this part is for
    amount_minor INTEGER NOT NULL,              -- the part, signed as the transaction's amount is
    memo         TEXT,                          -- the owner's words about this part
    PRIMARY KEY (movement, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX split_by_category ON split (category);
