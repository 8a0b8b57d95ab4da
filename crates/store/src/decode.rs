//! Lines of an answer, from the bytes of either driver to values.

use crate::{StoreError, Value};
use sqlx::{
    Column as _, Decode, Row as _, Sqlite, TypeInfo as _, ValueRef as _,
    postgres::{PgRow, PgValueFormat},
    sqlite::SqliteRow,
};

pub(crate) fn sqlite_row(row: &SqliteRow) -> Result<Vec<Value>, StoreError> {
    (0..row.len())
        .map(|i| {
            let raw = row.try_get_raw(i)?;
            if raw.is_null() {
                return Ok(Value::Null);
            }
            let kind = raw.type_info();
            let value = match kind.name() {
                "INTEGER" => <i64 as Decode<Sqlite>>::decode(raw).map(Value::Int),
                "REAL" => <f64 as Decode<Sqlite>>::decode(raw).map(Value::Real),
                "TEXT" => <String as Decode<Sqlite>>::decode(raw).map(Value::Text),
                _ => <Vec<u8> as Decode<Sqlite>>::decode(raw).map(Value::Bytes),
            };
            value.map_err(|e| StoreError::Query(format!("column {i} cannot be read: {e}")))
        })
        .collect()
}

pub(crate) fn postgres_row(row: &PgRow) -> Result<Vec<Value>, StoreError> {
    (0..row.len())
        .map(|i| {
            let raw = row.try_get_raw(i)?;
            if raw.is_null() {
                return Ok(Value::Null);
            }
            let column = row.column(i);
            let kind = column.type_info().name();
            let unreadable = || {
                let name = column.name();
                StoreError::Query(format!(
                    "column `{name}` has the type {kind}; cast it to text, bigint or double precision"
                ))
            };
            if raw.format() == PgValueFormat::Text {
                return raw.as_str().map(|it| Value::Text(it.to_owned())).map_err(|_| unreadable());
            }
            let bytes = raw.as_bytes().map_err(|_| unreadable())?;
            postgres_value(kind, bytes).ok_or_else(unreadable)
        })
        .collect()
}

/// Reads the binary form of the types that our statements yield.
fn postgres_value(kind: &str, bytes: &[u8]) -> Option<Value> {
    let text = |it: &[u8]| std::str::from_utf8(it).ok().map(|it| Value::Text(it.to_owned()));
    match kind {
        "INT8" => bytes.try_into().ok().map(|it| Value::Int(i64::from_be_bytes(it))),
        "INT4" => bytes.try_into().ok().map(|it| Value::Int(i32::from_be_bytes(it).into())),
        "INT2" => bytes.try_into().ok().map(|it| Value::Int(i16::from_be_bytes(it).into())),
        "FLOAT8" => bytes.try_into().ok().map(|it| Value::Real(f64::from_be_bytes(it))),
        "FLOAT4" => bytes.try_into().ok().map(|it| Value::Real(f32::from_be_bytes(it).into())),
        "BOOL" => bytes.first().map(|it| Value::Bool(*it != 0)),
        "BYTEA" => Some(Value::Bytes(bytes.to_vec())),
        "TEXT" | "VARCHAR" | "CHAR" | "BPCHAR" | "NAME" | "JSON" | "UNKNOWN" => text(bytes),
        "JSONB" => text(bytes.get(1..)?),
        "VOID" => Some(Value::Null),
        "NUMERIC" => numeric(bytes),
        _ => None,
    }
}

/// Reads `numeric`, which `sum` and `avg` over `bigint` yield: digits of base 10,000, the first weighing 10,000^weight.
/// A whole number comes back as one, as SQLite has it.
fn numeric(bytes: &[u8]) -> Option<Value> {
    let word = |i: usize| bytes.get(2 * i..2 * i + 2).and_then(|it| it.try_into().ok()).map(u16::from_be_bytes);
    let (digits, weight, sign, scale) = (word(0)?, word(1)? as i16, word(2)?, word(3)?);
    let is_negative = match sign {
        0 => false,
        0x4000 => true,
        _ => return None,
    };
    if scale == 0 {
        let mut whole: i128 = 0;
        for i in 0..=i32::from(weight) {
            let digit = if i < i32::from(digits) { word(4 + i as usize)? } else { 0 };
            whole = whole.checked_mul(10_000)?.checked_add(digit.into())?;
        }
        return i64::try_from(if is_negative { -whole } else { whole }).ok().map(Value::Int);
    }
    let mut real = 0.0;
    for i in 0..digits {
        real += f64::from(word(4 + usize::from(i))?) * 10_000f64.powi(i32::from(weight) - i32::from(i));
    }
    Some(Value::Real(if is_negative { -real } else { real }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|it| it.to_be_bytes()).collect()
    }

    #[test]
    fn sums_and_averages_of_postgresql_are_numbers() {
        assert_eq!(numeric(&words(&[2, 1, 0, 0, 3, 2891])), Some(Value::Int(32_891)));
        assert_eq!(numeric(&words(&[1, 1, 0x4000, 0, 7])), Some(Value::Int(-70_000)));
        assert_eq!(numeric(&words(&[0, 0, 0, 0])), Some(Value::Int(0)));
        assert_eq!(numeric(&words(&[2, 0, 0, 1, 1, 5000])), Some(Value::Real(1.5)));
        assert_eq!(numeric(&words(&[1, 0, 0xC000, 0, 1])), None);
    }
}
