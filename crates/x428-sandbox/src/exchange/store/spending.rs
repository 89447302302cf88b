//! What an owner's clients have withdrawn on each day of UTC, so that a limit is not a sum over
//! everything that was withdrawn.
//!
//! The functions of this file are called within the owner's turn.

use jiff::Timestamp;
use x428::withdrawal::decimal::Decimal;

use super::{Fault, Reading, Row, Writing};

/// What a client has withdrawn on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) client: String,
    /// When the day began.
    pub(crate) day: Timestamp,
    /// In US dollars, without what came to nothing.
    pub(crate) dollars: Decimal,
    /// How many withdrawals there were, with those that came to nothing.
    pub(crate) count: i64,
}

impl Spent {
    fn nothing(client: &str, day: Timestamp) -> Self {
        Self {
            client: client.to_owned(),
            day,
            dollars: Decimal::ZERO,
            count: 0,
        }
    }

    fn of(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            client: row.text("client")?.to_owned(),
            day: Timestamp::from_millisecond(row.int("day")?).map_err(|_| Fault::Damaged)?,
            dollars: Decimal::parse(row.text("dollars")?).map_err(|_| Fault::Damaged)?,
            count: row.int("count")?,
        })
    }
}

/// The sum over some of them, in US dollars.
pub(crate) fn sum<'a>(spent: impl Iterator<Item = &'a Spent>) -> Result<Decimal, Fault> {
    let mut all = Decimal::ZERO;
    for spent in spent {
        all = all.checked_add(spent.dollars).ok_or(Fault::Damaged)?;
    }
    Ok(all)
}

/// What a client has withdrawn on a day, of what was read of the owner.
pub(crate) fn of_day(spent: &[Spent], client: &str, day: Timestamp) -> Spent {
    let mut spent = spent.iter();
    let of_day = spent.find(|spent| spent.client == client && spent.day == day);
    of_day.map_or_else(|| Spent::nothing(client, day), Spent::clone)
}

impl Reading {
    /// What the owner's clients have withdrawn since the beginning of a day.
    pub(crate) async fn spending(
        &mut self,
        owner: &str,
        since: Timestamp,
    ) -> Result<Vec<Spent>, Fault> {
        let select = "SELECT client, day, dollars, count FROM spending
            WHERE owner = $1 AND day >= $2";
        let values = vec![owner.into(), since.as_millisecond().into()];
        let rows = self.rows(select, values).await?;
        rows.iter().map(Spent::of).collect()
    }
}

impl Writing {
    /// Counts a withdrawal with what the client had withdrawn on its day, as it was read in this
    /// turn.
    pub(crate) async fn spend(
        &mut self,
        owner: &str,
        mut spent: Spent,
        dollars: Decimal,
    ) -> Result<(), Fault> {
        spent.dollars = spent.dollars.checked_add(dollars).ok_or(Fault::Damaged)?;
        spent.count += 1;
        self.put_spent(owner, &spent).await
    }

    /// Takes back what came to nothing. That it was tried still counts.
    pub(crate) async fn unspend(
        &mut self,
        (owner, client): (&str, &str),
        day: Timestamp,
        dollars: Decimal,
    ) -> Result<(), Fault> {
        let mut spent = self.spent(owner, client, day).await?;
        spent.dollars = spent.dollars.checked_sub(dollars).ok_or(Fault::Damaged)?;
        self.put_spent(owner, &spent).await
    }

    async fn spent(&mut self, owner: &str, client: &str, day: Timestamp) -> Result<Spent, Fault> {
        let select = "SELECT client, day, dollars, count FROM spending
            WHERE owner = $1 AND client = $2 AND day = $3";
        let values = vec![owner.into(), client.into(), day.as_millisecond().into()];
        match self.rows(select, values).await?.first() {
            Some(row) => Spent::of(row),
            None => Ok(Spent::nothing(client, day)),
        }
    }

    async fn put_spent(&mut self, owner: &str, spent: &Spent) -> Result<(), Fault> {
        let put = "INSERT INTO spending (owner, client, day, dollars, count)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (owner, client, day) DO UPDATE SET
                dollars = excluded.dollars, count = excluded.count";
        let values = vec![
            owner.into(),
            spent.client.as_str().into(),
            spent.day.as_millisecond().into(),
            spent.dollars.to_string().into(),
            spent.count.into(),
        ];
        self.execute(put, values).await.map(drop)
    }
}
