//! What becomes of recipients and disclosures: limits, due diligence, revocation, renewal, close-out, review.

use super::values::{day, moment, unreadable};
use super::{Store, StoreError};
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{OptionalExtension, Row, params};

/// What one recipient may have at most, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitRow {
    /// The longest lifetime of a disclosure, in seconds.
    pub max_lifetime_s: Option<i64>,
    /// The kinds of fact that are allowed; none means every kind.
    pub allowed: Option<Vec<String>>,
    /// What is done where vetting is missing or old; one of the vault's own words. None: nothing was set.
    pub vetting: Option<String>,
}

/// One look at a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VettingRow {
    /// By whom.
    pub by: String,
    /// What was looked at.
    pub what: String,
    /// The last day on which it counts.
    pub until: Date,
    /// When it was noted.
    pub noted_at: Timestamp,
}

/// What became of a disclosure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LifeRow {
    /// Its place in the recipient's status list.
    pub status_idx: Option<u32>,
    /// JSON from which it can be made again.
    pub request: Option<String>,
    /// The last day on which it may be renewed.
    pub standing_until: Option<Date>,
    /// The one whose place it takes.
    pub renews: Option<i64>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Why.
    pub revoked_why: Option<String>,
    /// When its deletion was confirmed.
    pub closed_at: Option<Timestamp>,
    /// The signed receipt of that.
    pub receipt: Option<String>,
}

/// When the owner looks at what is out there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReviewRow {
    /// How often, in days.
    pub every_days: Option<u32>,
    /// When it was done last.
    pub reviewed_at: Option<Timestamp>,
}

const LIFE: &str = "status_idx, request, standing_until, renews, revoked_at, revoked_why, closed_at, receipt";

impl Store {
    /// The limits of a recipient.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn limits(&self, recipient: i64) -> Result<LimitRow, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT max_lifetime_s, allowed, vetting FROM recipient_limit WHERE recipient = ?1",
        )?;
        let found = statement.query_row([recipient], |row| {
            let allowed: Option<String> = row.get(1)?;
            Ok(LimitRow {
                max_lifetime_s: row.get(0)?,
                allowed: allowed.map(|kinds| kinds.split(',').map(str::to_owned).collect()),
                vetting: row.get(2)?,
            })
        });
        Ok(found.optional()?.unwrap_or_default())
    }

    /// Sets the limits of a recipient.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn set_limits(&self, recipient: i64, limits: &LimitRow) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO recipient_limit (recipient, max_lifetime_s, allowed, vetting)
                 VALUES (?1, ?2, ?3, coalesce(?4, 'off'))",
            )?
            .execute(params![
                recipient,
                limits.max_lifetime_s,
                limits.allowed.as_ref().map(|kinds| kinds.join(",")),
                limits.vetting,
            ])?;
        Ok(())
    }

    /// The key under which a recipient confirms deletions.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn receipt_key(&self, recipient: i64) -> Result<Option<String>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT key FROM recipient_receipt_key WHERE recipient = ?1")?;
        Ok(statement.query_row([recipient], |row| row.get(0)).optional()?)
    }

    /// Sets that key.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn set_receipt_key(&self, recipient: i64, key: &str) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO recipient_receipt_key (recipient, key) VALUES (?1, ?2)")?
            .execute(params![recipient, key])?;
        Ok(())
    }

    /// Notes that somebody looked at a recipient.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_vetting(&self, recipient: i64, row: &VettingRow) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO vetting (recipient, vetted_by, what, until, noted_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                recipient,
                row.by,
                row.what,
                row.until.to_string(),
                row.noted_at.to_string()
            ])?;
        Ok(())
    }

    /// Every look at a recipient, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn vettings(&self, recipient: i64) -> Result<Vec<VettingRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT vetted_by, what, until, noted_at FROM vetting WHERE recipient = ?1 ORDER BY id",
        )?;
        let mut rows = statement.query([recipient])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(VettingRow {
                by: row.get(0)?,
                what: row.get(1)?,
                until: day(&row.get::<_, String>(2)?, "vetting.until")?,
                noted_at: moment(&row.get::<_, String>(3)?, "vetting.noted_at")?,
            });
        }
        Ok(found)
    }

    /// Writes what became of a disclosure.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn set_life(&self, disclosure: i64, recipient: i64, life: &LifeRow) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO disclosure_life (disclosure, recipient, {LIFE})
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
            ))?
            .execute(params![
                disclosure,
                recipient,
                life.status_idx,
                life.request,
                life.standing_until.map(|day| day.to_string()),
                life.renews,
                life.revoked_at.map(|at| at.to_string()),
                life.revoked_why,
                life.closed_at.map(|at| at.to_string()),
                life.receipt,
            ])?;
        Ok(())
    }

    /// What became of a disclosure; all empty where nothing did.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn life(&self, disclosure: i64) -> Result<LifeRow, StoreError> {
        let mut statement =
            self.conn.prepare_cached(&format!("SELECT {LIFE} FROM disclosure_life WHERE disclosure = ?1"))?;
        let mut rows = statement.query([disclosure])?;
        rows.next()?.map(read_life).transpose().map(Option::unwrap_or_default)
    }

    /// The disclosure that took this one's place, if one did.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn renewed_by(&self, disclosure: i64) -> Result<Option<i64>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT max(disclosure) FROM disclosure_life WHERE renews = ?1")?;
        Ok(statement.query_row([disclosure], |row| row.get(0))?)
    }

    /// The places of one recipient's status list that are taken, also by drafts, each with whether it is revoked.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn status_places(&self, recipient: i64) -> Result<Vec<(u32, bool)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT status_idx, revoked_at IS NOT NULL FROM disclosure_life
             WHERE recipient = ?1 AND status_idx IS NOT NULL
             UNION ALL SELECT status_idx, 0 FROM draft WHERE recipient = ?1 AND state <> 'sealed'
             ORDER BY status_idx",
        )?;
        let rows = statement.query_map([recipient], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.map(|row| row.map_err(StoreError::from)).collect()
    }

    /// When the owner looks at what is out there.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn review_plan(&self) -> Result<ReviewRow, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT every_days, reviewed_at FROM review_plan")?;
        let mut rows = statement.query([])?;
        let Some(row) = rows.next()? else { return Ok(ReviewRow::default()) };
        let reviewed_at: Option<String> = row.get(1)?;
        Ok(ReviewRow {
            every_days: row.get(0)?,
            reviewed_at: reviewed_at.map(|text| moment(&text, "review_plan.reviewed_at")).transpose()?,
        })
    }

    /// Sets that.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn set_review_plan(&self, plan: &ReviewRow) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO review_plan (id, every_days, reviewed_at) VALUES (1, ?1, ?2)",
            )?
            .execute(params![plan.every_days, plan.reviewed_at.map(|at| at.to_string())])?;
        Ok(())
    }
}

fn read_life(row: &Row<'_>) -> Result<LifeRow, StoreError> {
    let at = |index: usize, column: &str| -> Result<Option<Timestamp>, StoreError> {
        row.get::<_, Option<String>>(index)?.map(|text| moment(&text, column)).transpose()
    };
    let standing_until: Option<String> = row.get(2)?;
    let idx: Option<i64> = row.get(0)?;
    let idx = idx.map(|idx| {
        u32::try_from(idx).map_err(|_| unreadable("disclosure_life.status_idx", &idx.to_string()))
    });
    Ok(LifeRow {
        status_idx: idx.transpose()?,
        request: row.get(1)?,
        standing_until: standing_until
            .map(|text| day(&text, "disclosure_life.standing_until"))
            .transpose()?,
        renews: row.get(3)?,
        revoked_at: at(4, "disclosure_life.revoked_at")?,
        revoked_why: row.get(5)?,
        closed_at: at(6, "disclosure_life.closed_at")?,
        receipt: row.get(7)?,
    })
}
