//! Numbers as people read them.

/// Four decimals, as every table of ours has it.
pub(crate) fn figure(value: f64) -> String {
    format!("{value:.4}")
}

/// A figure that may not be there.
pub(crate) fn or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), figure)
}

/// 0.125 as "12.5 %".
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Likewise, with a digit more where the share is below a hundredth: a head among all parameters.
pub(crate) fn fine_percent(share: f64) -> String {
    if share < 0.01 { format!("{:.2} %", share * 100.0) } else { percent(share) }
}

/// At most four significant digits, without zeros at the end: what an axis has room for.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&size) {
        let decimals = (3 - size.log10().floor() as i32).max(0) as usize;
        let text = format!("{value:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        // Through three decimals of the mantissa, so that 3.0000000000000004e-5 is 3e-5.
        let text = format!("{value:.3e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        format!("{}e{exponent}", mantissa.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// 22713216 as "22,713,216".
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// "1 example", "2 examples".
pub(crate) fn counted(number: usize, one: &str) -> String {
    format!("{} {one}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// Seconds as "8.3 s", "4 min 12 s" or "2 h 5 min".
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_short_numbers() {
        for (value, expected) in [
            (0.0, "0"),
            (0.300_000_000_000_000_04, "0.3"),
            (-1.25, "-1.25"),
            (1500.0, "1500"),
            (20.0, "20"),
            (3.000_000_000_000_000_4e-5, "3e-5"),
            (1.25e-4, "1.25e-4"),
            (200_000.0, "2e5"),
            (0.001, "0.001"),
        ] {
            assert_eq!(short(value), expected);
        }
    }

    #[test]
    fn durations_have_two_units_at_most() {
        assert_eq!(
            [8.25, 59.9, 252.0, 7500.0].map(duration),
            ["8.2 s", "1 min 0 s", "4 min 12 s", "2 h 5 min"]
        );
    }

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!([0, 999, 1000, 22_713_216].map(thousands), ["0", "999", "1,000", "22,713,216"]);
    }
}
