//! Values of Parquet's types as JSON: exact decimals, instants as text, nested ones as they nest.

use crate::rows::ROW_BYTES_MAX;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, Decimal128Array, Decimal256Array, StructArray};
use arrow_schema::{DataType, TimeUnit};
use jiff::SignedDuration;
use jiff::civil::{DateTime, Time, date};
use rapport_core::event::dialect::object::Builder;

/// A value, or why it has none.
type Value = Result<Option<String>, String>;

/// A value as JSON; `None` where it is null.
///
/// # Errors
/// A sentence, where the type or the value is none that JSON can say.
pub fn value(column: &dyn Array, row: usize) -> Value {
    if column.is_null(row) {
        return Ok(None);
    }
    match column.data_type() {
        DataType::Null => Ok(None),
        DataType::Boolean => Ok(Some(column.as_boolean().value(row).to_string())),
        DataType::Utf8 => text(column.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => text(column.as_string::<i64>().value(row)),
        DataType::Utf8View => text(column.as_string_view().value(row)),
        DataType::Binary => bytes(column.as_binary::<i32>().value(row)),
        DataType::LargeBinary => bytes(column.as_binary::<i64>().value(row)),
        DataType::BinaryView => bytes(column.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => bytes(column.as_fixed_size_binary().value(row)),
        DataType::Dictionary(_, _) => dictionary(column, row),
        DataType::List(_) => list(&column.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(&column.as_list::<i64>().value(row)),
        DataType::FixedSizeList(_, _) => list(&column.as_fixed_size_list().value(row)),
        DataType::Struct(_) => object(column.as_struct(), row),
        DataType::Map(_, _) => map(&column.as_map().value(row)),
        DataType::Decimal128(_, _) => {
            let decimals = column.as_any().downcast_ref::<Decimal128Array>();
            Ok(decimals.map(|decimals| decimals.value_as_string(row)))
        }
        DataType::Decimal256(_, _) => {
            let decimals = column.as_any().downcast_ref::<Decimal256Array>();
            Ok(decimals.map(|decimals| decimals.value_as_string(row)))
        }
        _ => number(column, row).unwrap_or_else(|| moment(column, row)),
    }
}

fn number(column: &dyn Array, row: usize) -> Option<Value> {
    let whole = match column.data_type() {
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::UInt8 => column.as_primitive::<UInt8Type>().value(row).to_string(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).to_string(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Float16 => {
            return Some(float(
                column.as_primitive::<Float16Type>().value(row).to_f64(),
            ));
        }
        // The shortest spelling of the number that was meant, not of its neighbour in 64 bits.
        DataType::Float32 => {
            let number = column.as_primitive::<Float32Type>().value(row);
            return Some(float(number.to_string().parse().unwrap_or(f64::NAN)));
        }
        DataType::Float64 => return Some(float(column.as_primitive::<Float64Type>().value(row))),
        _ => return None,
    };
    Some(Ok(Some(whole)))
}

/// What is no number has no value.
fn float(number: f64) -> Value {
    Ok(number
        .is_finite()
        .then(|| serde_json::to_string(&number).unwrap_or_default()))
}

fn moment(column: &dyn Array, row: usize) -> Value {
    let told = match column.data_type() {
        DataType::Date32 => {
            let days = i64::from(column.as_primitive::<Date32Type>().value(row));
            civil(days.checked_mul(86_400), 0).map(|moment| moment.date().to_string())
        }
        DataType::Date64 => {
            let ms = column.as_primitive::<Date64Type>().value(row);
            civil(Some(ms.div_euclid(1_000)), 0).map(|moment| moment.date().to_string())
        }
        DataType::Timestamp(unit, zone) => {
            let (count, per_second) = match unit {
                TimeUnit::Second => (column.as_primitive::<TimestampSecondType>().value(row), 1),
                TimeUnit::Millisecond => (
                    column.as_primitive::<TimestampMillisecondType>().value(row),
                    1_000,
                ),
                TimeUnit::Microsecond => (
                    column.as_primitive::<TimestampMicrosecondType>().value(row),
                    1_000_000,
                ),
                TimeUnit::Nanosecond => (
                    column.as_primitive::<TimestampNanosecondType>().value(row),
                    1_000_000_000,
                ),
            };
            let nanoseconds = count.rem_euclid(per_second) * (1_000_000_000 / per_second);
            let moment = civil(Some(count.div_euclid(per_second)), nanoseconds);
            // With a zone the count is since 1970 in UTC; without one it is what a clock showed.
            let end = if zone.is_some() { "Z" } else { "" };
            moment.map(|moment| format!("{moment:.3}{end}"))
        }
        DataType::Time32(TimeUnit::Second) => time(
            i64::from(column.as_primitive::<Time32SecondType>().value(row)),
            1,
        ),
        DataType::Time32(_) => time(
            i64::from(column.as_primitive::<Time32MillisecondType>().value(row)),
            1_000,
        ),
        DataType::Time64(TimeUnit::Nanosecond) => time(
            column.as_primitive::<Time64NanosecondType>().value(row),
            1_000_000_000,
        ),
        DataType::Time64(_) => time(
            column.as_primitive::<Time64MicrosecondType>().value(row),
            1_000_000,
        ),
        other => return Err(format!("values of type {other} are not read")),
    };
    match told {
        Some(told) => text(&told),
        None => Err("the moment is out of any calendar's range".to_owned()),
    }
}

fn civil(seconds: Option<i64>, nanoseconds: i64) -> Option<DateTime> {
    let nanoseconds = i32::try_from(nanoseconds).ok()?;
    let since = SignedDuration::new(seconds?, nanoseconds);
    date(1970, 1, 1).at(0, 0, 0, 0).checked_add(since).ok()
}

fn time(count: i64, per_second: i64) -> Option<String> {
    let nanoseconds = (count % per_second).checked_mul(1_000_000_000 / per_second)?;
    let since = SignedDuration::new(count / per_second, i32::try_from(nanoseconds).ok()?);
    Some(Time::midnight().checked_add(since).ok()?.to_string())
}

fn text(text: &str) -> Value {
    bounded(text.len())?;
    Ok(Some(serde_json::to_string(text).unwrap_or_default()))
}

/// A value larger than a row is not even spelled: a list may name one long text a million times.
fn bounded(bytes: usize) -> Result<(), String> {
    match bytes > ROW_BYTES_MAX {
        true => Err(format!("it has more than {ROW_BYTES_MAX} bytes")),
        false => Ok(()),
    }
}

fn bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(told) => text(told),
        Err(_) => Err("the bytes are no text".to_owned()),
    }
}

fn dictionary(column: &dyn Array, row: usize) -> Value {
    let dictionary = column.as_any_dictionary();
    match dictionary.normalized_keys().get(row) {
        Some(key) if *key < dictionary.values().len() => value(dictionary.values().as_ref(), *key),
        _ => Ok(None),
    }
}

fn list(items: &dyn Array) -> Value {
    let mut json = String::from("[");
    for item in 0..items.len() {
        if item > 0 {
            json.push(',');
        }
        json.push_str(value(items, item)?.as_deref().unwrap_or("null"));
        bounded(json.len())?;
    }
    json.push(']');
    Ok(Some(json))
}

fn object(members: &StructArray, row: usize) -> Value {
    let mut json = Builder::new();
    let mut bytes = 0;
    for (name, column) in members.column_names().iter().zip(members.columns()) {
        if let Some(value) = value(column.as_ref(), row)? {
            bytes += name.len() + value.len();
            bounded(bytes)?;
            json.put(name, &value);
        }
    }
    Ok(Some(json.finish().into()))
}

fn map(entries: &StructArray) -> Value {
    let mut json = Builder::new();
    let mut bytes = 0;
    let [keys, values] = entries.columns() else {
        return Err("a map needs keys and values".to_owned());
    };
    for entry in 0..entries.len() {
        let key = value(keys.as_ref(), entry)?.unwrap_or_default();
        let key: String = serde_json::from_str(&key).unwrap_or(key);
        if let Some(value) = value(values.as_ref(), entry)? {
            bytes += key.len() + value.len();
            bounded(bytes)?;
            json.put(&key, &value);
        }
    }
    Ok(Some(json.finish().into()))
}
