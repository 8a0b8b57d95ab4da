//! Rows: structs that are one line of a table, declared with `row!`.

use crate::{Column, ColumnKind, StoreError, Value};

/// One column of a table.
#[derive(Debug, Clone, Copy)]
pub struct ColumnShape {
    /// Its name.
    pub name: &'static str,
    /// How it is kept.
    pub kind: ColumnKind,
    /// Whether it may be null.
    pub nullable: bool,
}

/// What a line of an answer can be read into, by position.
pub trait FromRow: Sized {
    /// Takes the values of one line.
    ///
    /// # Errors
    /// When there are too few values or one has another type.
    fn from_row(row: Vec<Value>) -> Result<Self, StoreError>;
}

/// One line of a view's table. Declared with [`row!`](crate::row!), not by hand.
pub trait Row: FromRow + Clone + Send + Sync + 'static {
    /// The columns, the key's first.
    const COLUMNS: &'static [ColumnShape];
    /// How many of them are the key.
    const KEYS: usize;

    /// Adds the values in column order.
    fn write(&self, out: &mut Vec<Value>);
}

impl FromRow for Vec<Value> {
    fn from_row(row: Vec<Value>) -> Result<Self, StoreError> {
        Ok(row)
    }
}

/// Reads the next value of a line.
#[doc(hidden)]
pub fn next_column<T: Column>(values: &mut impl Iterator<Item = Value>) -> Result<T, StoreError> {
    let value = values.next().ok_or_else(|| StoreError::Query("the answer has too few columns".to_owned()))?;
    T::from_value(value)
}

macro_rules! tuples {
    ($($($name:ident)+;)*) => {$(
        impl<$($name: Column),+> FromRow for ($($name,)+) {
            fn from_row(row: Vec<Value>) -> Result<Self, StoreError> {
                let mut values = row.into_iter();
                Ok(($(next_column::<$name>(&mut values)?,)+))
            }
        }
    )*};
}
tuples! {
    A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H;
    A B C D E F G H I; A B C D E F G H I J; A B C D E F G H I J K; A B C D E F G H I J K L;
}

/// Declares a struct that is one line of a table.
///
/// ```
/// studium_store::row! {
///     /// One learner in one run.
///     pub struct RosterRow {
///         key { run_id: String, learner_id: String }
///         state: String,
///         grade: Option<f64>,
///     }
/// }
/// assert_eq!(RosterRow::COLUMN_LIST, "run_id, learner_id, state, grade");
/// ```
#[macro_export]
macro_rules! row {
    (
        $(#[$outer:meta])*
        pub struct $name:ident {
            key {
                $(#[$key0_meta:meta])* $key0:ident : $key0_type:ty
                $(, $(#[$key_meta:meta])* $key:ident : $key_type:ty)* $(,)?
            }
            $($(#[$field_meta:meta])* $field:ident : $field_type:ty),* $(,)?
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[allow(missing_docs, reason = "columns are described where the table is")]
        pub struct $name {
            $(#[$key0_meta])* pub $key0: $key0_type,
            $($(#[$key_meta])* pub $key: $key_type,)*
            $($(#[$field_meta])* pub $field: $field_type,)*
        }

        impl $name {
            /// The columns in order, for `SELECT`.
            pub const COLUMN_LIST: &'static str = concat!(
                stringify!($key0) $(, ", ", stringify!($key))* $(, ", ", stringify!($field))*
            );
        }

        impl $crate::FromRow for $name {
            fn from_row(row: Vec<$crate::Value>) -> Result<Self, $crate::StoreError> {
                let mut values = row.into_iter();
                Ok(Self {
                    $key0: $crate::__private::next_column(&mut values)?,
                    $($key: $crate::__private::next_column(&mut values)?,)*
                    $($field: $crate::__private::next_column(&mut values)?,)*
                })
            }
        }

        impl $crate::Row for $name {
            const COLUMNS: &'static [$crate::ColumnShape] = &[
                $crate::row!(@shape $key0, $key0_type),
                $($crate::row!(@shape $key, $key_type),)*
                $($crate::row!(@shape $field, $field_type),)*
            ];
            const KEYS: usize = [stringify!($key0) $(, stringify!($key))*].len();

            fn write(&self, out: &mut Vec<$crate::Value>) {
                out.push($crate::Column::to_value(&self.$key0));
                $(out.push($crate::Column::to_value(&self.$key));)*
                $(out.push($crate::Column::to_value(&self.$field));)*
            }
        }
    };
    (@shape $field:ident, $type:ty) => {
        $crate::ColumnShape {
            name: stringify!($field),
            kind: <$type as $crate::Column>::KIND,
            nullable: <$type as $crate::Column>::NULLABLE,
        }
    };
}
