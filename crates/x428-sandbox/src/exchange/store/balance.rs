//! Balances: what can be withdrawn, what is reserved, and every movement between the two.
//!
//! The functions of this file are called within the owner's turn.

use std::collections::BTreeMap;

use jiff::Timestamp;
use x428::withdrawal::decimal::Decimal;

use super::{Fault, Reading, Row, Writing};

/// What an owner has of an asset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Balance {
    pub(crate) available: Decimal,
    pub(crate) reserved: Decimal,
}

/// How the reservation of a withdrawal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Movement {
    /// The assets have left the exchange.
    Debit,
    /// They are the owner's again.
    Release,
}

impl Balance {
    fn of(row: &Row) -> Result<Self, Fault> {
        let read = |column| Decimal::parse(row.text(column)?).map_err(|_| Fault::Damaged);
        Ok(Self {
            available: read("available")?,
            reserved: read("reserved")?,
        })
    }
}

impl Reading {
    /// What the owner has, by asset.
    pub(crate) async fn balances(
        &mut self,
        owner: &str,
    ) -> Result<BTreeMap<String, Balance>, Fault> {
        let select = "SELECT asset, available, reserved FROM balance WHERE owner = $1";
        let rows = self.rows(select, vec![owner.into()]).await?;
        rows.iter()
            .map(|row| Ok((row.text("asset")?.to_owned(), Balance::of(row)?)))
            .collect()
    }

    /// What the owner has of the asset.
    pub(crate) async fn balance(&mut self, owner: &str, asset: &str) -> Result<Balance, Fault> {
        let select = "SELECT available, reserved FROM balance WHERE owner = $1 AND asset = $2";
        let rows = self.rows(select, vec![owner.into(), asset.into()]).await?;
        rows.first().map_or(Ok(Balance::default()), Balance::of)
    }
}

impl Writing {
    /// Gives the owner something, as a deposit does.
    pub(crate) async fn deposit(
        &mut self,
        owner: &str,
        asset: &str,
        amount: Decimal,
    ) -> Result<(), Fault> {
        let mut balance = self.balance(owner, asset).await?;
        balance.available = balance
            .available
            .checked_add(amount)
            .ok_or(Fault::Damaged)?;
        self.put_balance(owner, asset, balance).await
    }

    /// Sets an amount aside for a withdrawal, out of the balance that was read in this turn. Nothing
    /// happens and `false` is told if the balance does not cover it.
    // r[impl withdrawal.submit.balance]
    pub(crate) async fn reserve(
        &mut self,
        withdrawal: &str,
        (owner, asset): (&str, &str),
        mut balance: Balance,
        amount: Decimal,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let Some(available) = balance.available.checked_sub(amount) else {
            return Ok(false);
        };
        balance.available = available;
        balance.reserved = balance.reserved.checked_add(amount).ok_or(Fault::Damaged)?;
        let moved = ("reserve", 0, amount);
        self.put_movement(withdrawal, owner, asset, moved, now)
            .await?;
        self.put_balance(owner, asset, balance).await?;
        Ok(true)
    }

    /// Ends the reservations of a withdrawal. The table has room for one end of each, so that a
    /// second one fails and with it the transaction.
    // r[impl withdrawal.state.release]
    // r[impl withdrawal.state.debit]
    pub(crate) async fn settle(
        &mut self,
        withdrawal: &str,
        how: Movement,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let select = "SELECT owner, asset, amount FROM movement
            WHERE withdrawal = $1 AND settles = 0";
        let rows = self.rows(select, vec![withdrawal.into()]).await?;
        for row in &rows {
            let (owner, asset) = (row.text("owner")?, row.text("asset")?);
            let amount = Decimal::parse(row.text("amount")?).map_err(|_| Fault::Damaged)?;
            let mut balance = self.balance(owner, asset).await?;
            balance.reserved = balance.reserved.checked_sub(amount).ok_or(Fault::Damaged)?;
            let kind = match how {
                Movement::Debit => "debit",
                Movement::Release => {
                    balance.available = balance
                        .available
                        .checked_add(amount)
                        .ok_or(Fault::Damaged)?;
                    "release"
                }
            };
            let moved = (kind, 1, amount);
            self.put_movement(withdrawal, owner, asset, moved, now)
                .await?;
            self.put_balance(owner, asset, balance).await?;
        }
        if rows.is_empty() {
            return Err(Fault::Damaged);
        }
        Ok(())
    }

    async fn put_movement(
        &mut self,
        withdrawal: &str,
        owner: &str,
        asset: &str,
        (kind, settles, amount): (&str, i64, Decimal),
        now: Timestamp,
    ) -> Result<(), Fault> {
        let insert = "INSERT INTO movement (withdrawal, asset, settles, kind, owner, amount, at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let values = vec![
            withdrawal.into(),
            asset.into(),
            settles.into(),
            kind.into(),
            owner.into(),
            amount.to_string().into(),
            now.as_millisecond().into(),
        ];
        self.execute(insert, values).await.map(drop)
    }

    async fn put_balance(
        &mut self,
        owner: &str,
        asset: &str,
        balance: Balance,
    ) -> Result<(), Fault> {
        let put = "INSERT INTO balance (owner, asset, available, reserved) VALUES ($1, $2, $3, $4)
            ON CONFLICT (owner, asset) DO UPDATE SET
                available = excluded.available, reserved = excluded.reserved";
        let values = vec![
            owner.into(),
            asset.into(),
            balance.available.to_string().into(),
            balance.reserved.to_string().into(),
        ];
        self.execute(put, values).await.map(drop)
    }
}
