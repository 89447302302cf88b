//! What a record is: its name, its data as JSON, and the columns by which it is found.

use serde::{Serialize, de::DeserializeOwned};

use super::Value;

/// Something that is kept under a name.
pub(crate) trait Record: Serialize + DeserializeOwned + Send {
    /// Finds the data by the name.
    const SELECT: &'static str;
    /// Adds it unless the name is taken.
    const CREATE: &'static str;
    /// Adds it, or changes the one of that name.
    const PUT: &'static str;

    /// The name.
    fn id(&self) -> &str;

    /// The columns after the name and the data.
    fn columns(&self) -> Vec<Value> {
        Vec::new()
    }
}

/// Makes a type a record of a table: the columns after `id` and `data` and their places.
macro_rules! record {
    ($type:ty, $table:literal, [$($column:literal = $place:literal => $value:expr),* $(,)?]) => {
        impl $crate::exchange::store::Record for $type {
            const SELECT: &'static str = concat!("SELECT data FROM ", $table, " WHERE id = $1");
            const CREATE: &'static str = concat!(
                "INSERT INTO ", $table, " (id, data", $(", ", $column,)* ") VALUES ($1, $2",
                $(", ", $place,)* ") ON CONFLICT DO NOTHING"
            );
            const PUT: &'static str = concat!(
                "INSERT INTO ", $table, " (id, data", $(", ", $column,)* ") VALUES ($1, $2",
                $(", ", $place,)* ") ON CONFLICT (id) DO UPDATE SET data = excluded.data",
                $(", ", $column, " = excluded.", $column,)*
            );

            fn id(&self) -> &str {
                &self.id
            }

            fn columns(&self) -> Vec<$crate::exchange::store::Value> {
                let columns: [fn(&Self) -> $crate::exchange::store::Value; _] = [$($value),*];
                columns.iter().map(|column| column(self)).collect()
            }
        }
    };
}

pub(crate) use record;
