//! Contract messages as columns: what a view shows is kept as the message that shows it.

use studium_kit::{Column, ColumnKind, StoreError, Value};

/// A message of the contract, kept as its bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message<T>(pub T);

impl<T: studium_proto::Encoded + Default + Clone> Column for Message<T> {
    const KIND: ColumnKind = ColumnKind::Bytes;

    fn into_value(self) -> Value {
        self.to_value()
    }

    fn from_value(value: Value) -> Result<Self, StoreError> {
        let Value::Bytes(bytes) = value else {
            return Err(StoreError::Query(format!("the database holds {value:?} where a message was expected")));
        };
        T::decode(bytes.as_slice()).map(Self).map_err(|e| StoreError::Query(format!("a column is no message: {e}")))
    }

    fn to_value(&self) -> Value {
        Value::Bytes(self.0.encode_to_vec())
    }
}
