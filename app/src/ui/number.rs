//! Numbers for people.

use serde_json::Value;

/// A number with about four significant digits: `0.2845`, `1240`, `3.1e-7`.
pub fn short(v: f64) -> String {
    let a = v.abs();
    if !v.is_finite() {
        return if v.is_nan() {
            "NaN"
        } else if v > 0.0 {
            "∞"
        } else {
            "-∞"
        }
        .into();
    }
    if v == v.trunc() && a < 1e9 {
        return format!("{v:.0}");
    }
    if !(1e-4..1e6).contains(&a) {
        return format!("{v:.3e}");
    }
    let digits = (3 - a.log10().floor() as i32).clamp(0, 7) as usize;
    format!("{v:.digits$}")
}

/// A number like [`short`], without zeros at its end.
pub fn tick(v: f64) -> String {
    let text = short(v);
    if text.contains('.') && !text.contains('e') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A number on an axis whose ticks are `step` apart: exact to the step, without zeros at its end.
pub fn on_axis(v: f64, step: f64) -> String {
    let digits = -(step.log10() + 1e-9).floor();
    if digits > 7.0 || v.abs() >= 1e9 {
        return short(v);
    }
    let digits = digits.max(0.0) as usize;
    let text = format!("{v:.digits$}");
    if digits > 0 { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A metric value: a number, or the word that stands for one that is none.
pub fn metric(v: &Value) -> String {
    v.as_f64().map_or_else(|| v.as_str().unwrap_or("").to_owned(), short)
}

/// `1 file`, `2 files`.
pub fn count(n: i64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!(short(0.28451), "0.2845");
        assert_eq!((tick(0.8), on_axis(0.8, 0.2)), ("0.8".to_owned(), "0.8".to_owned()));
        assert_eq!([1.0, 1.0001, 1.0002].map(|v| on_axis(v, 1e-4)), ["1", "1.0001", "1.0002"]);
        assert_eq!(on_axis(100.0, 50.0), "100");
        assert_eq!(short(1240.0), "1240");
        assert_eq!(short(12.3456), "12.35");
        assert_eq!(short(3.1e-7), "3.100e-7");
        assert_eq!(short(f64::NAN), "NaN");
        assert_eq!(metric(&serde_json::json!("Infinity")), "Infinity");
    }
}
