//! Values as they go into the database and come back, the same for both dialects.

use crate::StoreError;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
};

/// One value of a column or a parameter.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(String),
    /// Yes or no; SQLite keeps it as 1 or 0.
    Bool(bool),
    /// Raw bytes.
    Bytes(Vec<u8>),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Int(a), Self::Int(b)) => a == b,
            // By bits, so that equality agrees with the hash.
            (Self::Real(a), Self::Real(b)) => a.to_bits() == b.to_bits(),
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |it: &Self| match it {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::Real(_) => 3,
            Self::Text(_) => 4,
            Self::Bytes(_) => 5,
        };
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Real(a), Self::Real(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Null => state.write_u8(0),
            Self::Int(it) => it.hash(state),
            Self::Real(it) => it.to_bits().hash(state),
            Self::Text(it) => it.hash(state),
            Self::Bool(it) => it.hash(state),
            Self::Bytes(it) => it.hash(state),
        }
    }
}

/// How a column is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// `TEXT`, ordered by bytes in both dialects.
    Text,
    /// 64-bit whole number.
    Int,
    /// 64-bit floating point.
    Real,
    /// Yes or no.
    Bool,
    /// Raw bytes.
    Bytes,
}

/// A Rust type that a column can have.
pub trait Column: Sized + Clone {
    /// How the database keeps it.
    const KIND: ColumnKind;
    /// Whether it may be null.
    const NULLABLE: bool = false;

    /// The value to store.
    fn into_value(self) -> Value;

    /// The stored value.
    ///
    /// # Errors
    /// When the database holds something else.
    fn from_value(value: Value) -> Result<Self, StoreError>;

    /// The value to store, while the original is still needed.
    fn to_value(&self) -> Value {
        self.clone().into_value()
    }
}

fn unexpected<T>(wanted: &str, value: &Value) -> Result<T, StoreError> {
    Err(StoreError::Query(format!("the database holds {value:?} where {wanted} was expected")))
}

macro_rules! column {
    ($type:ty, $kind:ident, $wanted:literal, |$it:ident| $into:expr, { $($pattern:pat => $from:expr),+ $(,)? }) => {
        impl Column for $type {
            const KIND: ColumnKind = ColumnKind::$kind;

            fn into_value(self) -> Value {
                self.into()
            }

            fn from_value(value: Value) -> Result<Self, StoreError> {
                match value {
                    $($pattern => Ok($from),)+
                    other => unexpected($wanted, &other),
                }
            }
        }

        impl From<$type> for Value {
            fn from($it: $type) -> Self {
                $into
            }
        }
    };
}

column!(String, Text, "text", |it| Self::Text(it), { Value::Text(it) => it });
column!(i64, Int, "a whole number", |it| Self::Int(it), { Value::Int(it) => it, Value::Bool(it) => it.into() });
column!(u64, Int, "a whole number", |it| Self::Int(it as i64), { Value::Int(it) => it as Self });
column!(i32, Int, "a whole number", |it| Self::Int(it.into()), { Value::Int(it) => it as Self });
column!(u32, Int, "a whole number", |it| Self::Int(it.into()), { Value::Int(it) => it as Self });
column!(bool, Bool, "yes or no", |it| Self::Bool(it), { Value::Bool(it) => it, Value::Int(it) => it != 0 });
column!(f64, Real, "a number", |it| Self::Real(it), { Value::Real(it) => it, Value::Int(it) => it as Self });
column!(Vec<u8>, Bytes, "bytes", |it| Self::Bytes(it), { Value::Bytes(it) => it });

impl<T: Column> Column for Option<T> {
    const KIND: ColumnKind = T::KIND;
    const NULLABLE: bool = true;

    fn into_value(self) -> Value {
        self.map_or(Value::Null, T::into_value)
    }

    fn from_value(value: Value) -> Result<Self, StoreError> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
}

/// Anything that serde can write, kept as JSON text in both dialects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned + Clone> Column for Json<T> {
    const KIND: ColumnKind = ColumnKind::Text;

    fn into_value(self) -> Value {
        self.to_value()
    }

    fn from_value(value: Value) -> Result<Self, StoreError> {
        let Value::Text(text) = value else { return unexpected("JSON", &value) };
        serde_json::from_str(&text).map(Self).map_err(|e| StoreError::Query(format!("a column is no JSON: {e}")))
    }

    fn to_value(&self) -> Value {
        // Fails only for maps whose keys are no strings; such a row then cannot be written and the view stops.
        serde_json::to_string(&self.0).map_or(Value::Null, Value::Text)
    }
}

impl From<&str> for Value {
    fn from(it: &str) -> Self {
        Self::Text(it.to_owned())
    }
}

impl From<&String> for Value {
    fn from(it: &String) -> Self {
        Self::Text(it.clone())
    }
}

impl From<&[u8]> for Value {
    fn from(it: &[u8]) -> Self {
        Self::Bytes(it.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(it: Option<T>) -> Self {
        it.map_or(Self::Null, Into::into)
    }
}

/// The key of a row: one value, or a tuple in key-column order.
pub trait IntoKey {
    /// The values in key-column order.
    fn into_key(self) -> Vec<Value>;
}

macro_rules! single_keys {
    ($($type:ty),*) => {$(
        impl IntoKey for $type {
            fn into_key(self) -> Vec<Value> {
                vec![self.into()]
            }
        }
    )*};
}
single_keys!(&str, &String, String, i64, u64, i32, u32, bool);

macro_rules! tuple_keys {
    ($($($name:ident)+;)*) => {$(
        impl<$($name: Into<Value>),+> IntoKey for ($($name,)+) {
            #[expect(non_snake_case, reason = "the names are those of the type parameters")]
            fn into_key(self) -> Vec<Value> {
                let ($($name,)+) = self;
                vec![$($name.into()),+]
            }
        }
    )*};
}
tuple_keys! { A; A B; A B C; A B C D; A B C D E; }

/// `$2, $3, $4`: so many parameters from a number on.
pub fn places(from: usize, count: usize) -> String {
    (from..from + count).map(|it| format!("${it}")).collect::<Vec<_>>().join(", ")
}
