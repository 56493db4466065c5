-- Layouts of delimited files that the owner keeps, as the JSON they can edit.

-- One row per profile.
CREATE TABLE csv_profile (
    name_folded TEXT NOT NULL PRIMARY KEY,      -- its name in lower case, by which it is found
    json        TEXT NOT NULL                   -- the profile, its name as the owner wrote it included
) STRICT, WITHOUT ROWID;
