//! The layouts themselves: their tables, and each question and change in their SQL.

use crate::commands::bench::traffic::Random;
use rusqlite::{Connection, params};

/// The stages that rows are in.
pub(super) const STAGES: [&str; 8] = [
    "new", "called", "met", "offered", "agreed", "signed", "won", "lost",
];
/// Texts that every row has besides.
const TEXTS: usize = 8;

/// A way to keep records in tables.
#[derive(Clone, Copy, Debug)]
pub(super) enum Layout {
    /// A column for each property.
    Columns,
    /// One column of JSON, with indexes of expressions.
    Json,
    /// A row for each value.
    Values,
}

/// What a row holds.
pub(super) struct Values {
    pub(super) stage: &'static str,
    pub(super) owner: i64,
    pub(super) amount: i64,
    pub(super) closes: i64,
    pub(super) texts: [String; TEXTS],
}

impl Values {
    /// The values of a row, from its number alone.
    pub(super) fn of(id: u64) -> Values {
        let mut random = Random(id.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.below(2);
        Values {
            stage: STAGES[random.below(8) as usize],
            owner: random.below(200) as i64,
            amount: random.below(100_000) as i64,
            closes: random.below(1_000_000_000) as i64,
            texts: std::array::from_fn(|place| format!("value {place} of {}", random.below(1_000))),
        }
    }
}

impl Layout {
    pub(super) const ALL: [Layout; 3] = [Layout::Columns, Layout::Json, Layout::Values];

    pub(super) fn name(self) -> &'static str {
        match self {
            Layout::Columns => "columns",
            Layout::Json => "json",
            Layout::Values => "values",
        }
    }

    pub(super) fn schema(self) -> &'static str {
        match self {
            Layout::Columns => {
                "CREATE TABLE deal (id INTEGER PRIMARY KEY, stage TEXT, owner INTEGER,
                    amount REAL, closes INTEGER, t0, t1, t2, t3, t4, t5, t6, t7);
                 CREATE INDEX by_stage ON deal (stage) WHERE stage IS NOT NULL;
                 CREATE INDEX by_owner ON deal (owner) WHERE owner IS NOT NULL;
                 CREATE INDEX by_amount ON deal (amount) WHERE amount IS NOT NULL;
                 CREATE INDEX by_closes ON deal (closes) WHERE closes IS NOT NULL;"
            }
            Layout::Json => {
                "CREATE TABLE deal (id INTEGER PRIMARY KEY, j TEXT);
                 CREATE INDEX by_stage ON deal (j ->> 'stage');
                 CREATE INDEX by_owner ON deal (j ->> 'owner');
                 CREATE INDEX by_amount ON deal (j ->> 'amount');
                 CREATE INDEX by_closes ON deal (j ->> 'closes');"
            }
            Layout::Values => {
                "CREATE TABLE deal (id INTEGER, property INTEGER, value,
                    PRIMARY KEY (id, property)) WITHOUT ROWID;
                 CREATE INDEX by_value ON deal (property, value, id);"
            }
        }
    }

    /// A page of 50 by closing date of those in stage ?1 with an owner below ?2 and an amount of
    /// at least ?3.
    pub(super) fn list(self) -> &'static str {
        match self {
            Layout::Columns => {
                "SELECT id, stage, owner, amount, closes, t0, t1 FROM deal
                 WHERE stage = ?1 AND owner < ?2 AND amount >= ?3 ORDER BY closes, id LIMIT 50"
            }
            Layout::Json => {
                "SELECT id, j ->> 'stage', j ->> 'owner', j ->> 'amount', j ->> 'closes',
                    j ->> 't0', j ->> 't1' FROM deal
                 WHERE j ->> 'stage' = ?1 AND j ->> 'owner' < ?2 AND j ->> 'amount' >= ?3
                 ORDER BY j ->> 'closes', id LIMIT 50"
            }
            Layout::Values => {
                "SELECT s.id, s.value, o.value, a.value, c.value,
                    (SELECT value FROM deal t WHERE t.id = s.id AND t.property = 10),
                    (SELECT value FROM deal t WHERE t.id = s.id AND t.property = 11)
                 FROM deal s JOIN deal o ON o.id = s.id AND o.property = 2
                 JOIN deal a ON a.id = s.id AND a.property = 3
                 JOIN deal c ON c.id = s.id AND c.property = 4
                 WHERE s.property = 1 AND s.value = ?1 AND o.value < ?2 AND a.value >= ?3
                 ORDER BY c.value, s.id LIMIT 50"
            }
        }
    }

    /// How many of them there are, up to 10,000 and whether there are more.
    pub(super) fn total(self) -> &'static str {
        match self {
            Layout::Columns => {
                "SELECT count(*) FROM (SELECT 1 FROM deal
                 WHERE stage = ?1 AND owner < ?2 AND amount >= ?3 LIMIT 10001)"
            }
            Layout::Json => {
                "SELECT count(*) FROM (SELECT 1 FROM deal
                 WHERE j ->> 'stage' = ?1 AND j ->> 'owner' < ?2 AND j ->> 'amount' >= ?3
                 LIMIT 10001)"
            }
            Layout::Values => {
                "SELECT count(*) FROM (SELECT 1 FROM deal s
                 JOIN deal o ON o.id = s.id AND o.property = 2
                 JOIN deal a ON a.id = s.id AND a.property = 3
                 WHERE s.property = 1 AND s.value = ?1 AND o.value < ?2 AND a.value >= ?3
                 LIMIT 10001)"
            }
        }
    }

    /// Rows and amounts of each stage.
    pub(super) fn board(self) -> &'static str {
        match self {
            Layout::Columns => {
                "SELECT stage, count(*), sum(amount) FROM deal GROUP BY stage ORDER BY stage"
            }
            Layout::Json => {
                "SELECT j ->> 'stage' AS stage, count(*), total(j ->> 'amount') FROM deal
                 GROUP BY stage ORDER BY stage"
            }
            Layout::Values => {
                "SELECT s.value, count(*), total(a.value) FROM deal s
                 LEFT JOIN deal a ON a.id = s.id AND a.property = 3
                 WHERE s.property = 1 GROUP BY s.value ORDER BY s.value"
            }
        }
    }

    pub(super) fn insert(self, on: &Connection, id: u64, values: &Values) -> rusqlite::Result<()> {
        let id = id as i64;
        let Values {
            stage,
            owner,
            amount,
            closes,
            texts: t,
        } = values;
        match self {
            Layout::Columns => {
                let sql = "INSERT INTO deal VALUES
                    (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
                on.prepare_cached(sql)?.execute(params![
                    id, stage, owner, amount, closes, t[0], t[1], t[2], t[3], t[4], t[5], t[6],
                    t[7]
                ])?;
            }
            Layout::Json => {
                let mut json = serde_json::json!({
                    "stage": stage, "owner": owner, "amount": *amount as f64, "closes": closes
                });
                for (place, text) in t.iter().enumerate() {
                    json[format!("t{place}")] = text.as_str().into();
                }
                on.prepare_cached("INSERT INTO deal VALUES (?1, ?2)")?
                    .execute(params![id, json.to_string()])?;
            }
            Layout::Values => {
                let mut insert = on.prepare_cached("INSERT INTO deal VALUES (?1, ?2, ?3)")?;
                insert.execute(params![id, 1, stage])?;
                insert.execute(params![id, 2, owner])?;
                insert.execute(params![id, 3, *amount as f64])?;
                insert.execute(params![id, 4, closes])?;
                for (place, text) in (10..).zip(t) {
                    insert.execute(params![id, place, text])?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn update(self, on: &Connection, id: u64, stage: &str) -> rusqlite::Result<()> {
        let sql = match self {
            Layout::Columns => "UPDATE deal SET stage = ?2 WHERE id = ?1",
            Layout::Json => "UPDATE deal SET j = json_set(j, '$.stage', ?2) WHERE id = ?1",
            Layout::Values => "UPDATE deal SET value = ?2 WHERE id = ?1 AND property = 1",
        };
        on.prepare_cached(sql)?.execute(params![id as i64, stage])?;
        Ok(())
    }
}
