-- Attachments: receipts, invoices, statements' own files. Contents are kept once however often they are attached.

-- A content: the bytes of one file, in chunks.
CREATE TABLE attachment (
    id       INTEGER PRIMARY KEY,               -- the content's number
    sha256   TEXT    NOT NULL UNIQUE,           -- digest of its bytes, lower-case hex
    length   INTEGER NOT NULL,                  -- bytes in all
    chunks   INTEGER NOT NULL                   -- rows of attachment_chunk it is made of
) STRICT;

-- The bytes, a piece at a time, so that neither reading nor writing ever holds a whole file.
CREATE TABLE attachment_chunk (
    attachment INTEGER NOT NULL REFERENCES attachment (id) ON DELETE CASCADE, -- of this content
    seq        INTEGER NOT NULL,                -- from 0, without gaps
    data       BLOB    NOT NULL,                -- all but the last are of one size
    PRIMARY KEY (attachment, seq)
) STRICT;

-- What a content is attached to, and under which name: what the owner calls an attachment.
CREATE TABLE attachment_link (
    id         INTEGER PRIMARY KEY,             -- the attachment's number in this vault
    attachment INTEGER NOT NULL REFERENCES attachment (id), -- its content
    name       TEXT    NOT NULL,                -- the file's name, without its folder
    media_type TEXT    NOT NULL,                -- what kind of file it is, as application/pdf
    movement   INTEGER REFERENCES movement (id) ON DELETE CASCADE, -- the transaction it belongs to, or
    account    INTEGER REFERENCES account (id), -- the account, or
    batch      INTEGER REFERENCES batch (id),   -- the import
    added_at   TEXT    NOT NULL,                -- moment
    CHECK ((movement IS NOT NULL) + (account IS NOT NULL) + (batch IS NOT NULL) = 1)
) STRICT;

CREATE INDEX attachment_link_by_content ON attachment_link (attachment);
CREATE UNIQUE INDEX attachment_link_by_movement ON attachment_link (movement, attachment) WHERE movement IS NOT NULL;
CREATE UNIQUE INDEX attachment_link_by_account ON attachment_link (account, attachment) WHERE account IS NOT NULL;
CREATE UNIQUE INDEX attachment_link_by_batch ON attachment_link (batch, attachment) WHERE batch IS NOT NULL;

-- A content that nothing is attached to any more goes, whichever way its last link went.
CREATE TRIGGER attachment_unlinked AFTER DELETE ON attachment_link
WHEN NOT EXISTS (SELECT 1 FROM attachment_link WHERE attachment = OLD.attachment)
BEGIN
    DELETE FROM attachment WHERE id = OLD.attachment;
END;
