//! AWS writes times in three ways; facts have one: RFC 3339 in UTC.

use annexa_model::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value;

/// A time of an answer as RFC 3339; none when it is no time.
pub(crate) fn normalized(value: &Value) -> Option<String> {
    let time = match value {
        Value::Number(number) => from_epoch(number.as_f64()?)?,
        Value::String(text) => from_text(text.trim())?,
        _ => return None,
    };
    Some(time.to_string())
}

fn from_text(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return from_epoch(seconds);
    }
    if let Ok(local) = text.parse::<jiff::civil::DateTime>() {
        // some services leave out the zone and mean UTC
        return local.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

fn from_epoch(seconds: f64) -> Option<Timestamp> {
    if !seconds.is_finite() || seconds.abs() > 1e11 {
        return None;
    }
    Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::normalized;
    use serde_json::json;

    #[test]
    fn all_three_ways_give_the_same() {
        let expected = Some("2024-02-29T12:00:00Z".to_owned());
        for value in [
            json!(1_709_208_000),
            json!(1_709_208_000.0),
            json!("1709208000"),
            json!("2024-02-29T12:00:00.000Z"),
            json!("2024-02-29T12:00:00"),
            json!("2024-02-29T13:00:00+01:00"),
            json!("Thu, 29 Feb 2024 12:00:00 GMT"),
        ] {
            assert_eq!(normalized(&value), expected, "{value}");
        }
        assert_eq!(normalized(&json!(1_709_208_000.5)), Some("2024-02-29T12:00:00.5Z".to_owned()));
    }

    #[test]
    fn what_is_no_time_stays_out() {
        for value in [json!("never"), json!(null), json!(1e300), json!("N/A")] {
            assert_eq!(normalized(&value), None, "{value}");
        }
    }
}
