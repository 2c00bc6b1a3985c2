//! Numbers formatted for people.

use num_format::{Locale, ToFormattedString as _};

/// A metric with four decimals.
pub(crate) fn figure(value: f64) -> String {
    if value.is_finite() { grouped(value, 4) } else { unusual(value) }
}

/// A metric, or a dash if it is missing.
pub(crate) fn or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), figure)
}

/// 0.125 as "12.5 %".
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A share in percent, with one more digit below 1 %: a head's share of all parameters.
pub(crate) fn fine_percent(share: f64) -> String {
    if share < 0.01 { format!("{:.2} %", share * 100.0) } else { percent(share) }
}

/// A number with at most four significant digits, without trailing zeros, but with every digit before the
/// point: "0.3", "686,210", "22.71M", "3e-5".
pub(crate) fn short(value: f64) -> String {
    if !value.is_finite() {
        return unusual(value);
    }
    // Rounding comes first, so that 999,999.7 is a million.
    let size = format!("{value:.3e}").parse().unwrap_or(value).abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..LARGEST_NAMED).contains(&size) {
        return scientific(value, 3);
    }
    let (unit, letter) = unit_of(size);
    let decimals = (3 - (size / unit).log10().floor() as i32).max(0) as usize;
    trimmed(&grouped(value / unit, decimals)).to_owned() + letter
}

/// The labels of an axis's ticks, with the unit and the decimals that tell the ticks apart.
pub(crate) fn names_of_ticks(ticks: &[f64]) -> Vec<String> {
    let size = ticks.iter().fold(0.0, |size: f64, tick| size.max(tick.abs()));
    let step = ticks.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(size, f64::min);
    // True if rounding to multiples of `scale` moves no tick visibly.
    let is_exact =
        |scale: f64| ticks.iter().all(|tick| ((tick / scale).round() * scale - tick).abs() <= step * 1e-3);
    if (1e-3..LARGEST_NAMED).contains(&size) {
        let (unit, letter) = unit_of(size);
        // In millions a narrow range would need more decimals than there are digits.
        let (unit, letter) = if step < unit * 1e-4 { (1.0, "") } else { (unit, letter) };
        if let Some(decimals) = (0..=9).find(|&decimals| is_exact(unit / 10f64.powi(decimals))) {
            let name = |&tick: &f64| {
                let number = grouped(tick / unit, decimals as usize);
                if number.contains(|digit| ('1'..='9').contains(&digit)) {
                    number + letter
                } else {
                    "0".to_owned()
                }
            };
            return ticks.iter().map(name).collect();
        }
    }
    let digits = (0..=12)
        .find(|&digits| {
            let read = |tick: f64| format!("{tick:.digits$e}").parse().unwrap_or(f64::NAN);
            ticks.iter().all(|&tick| (read(tick) - tick).abs() <= step * 1e-3)
        })
        .unwrap_or(12);
    ticks.iter().map(|&tick| if tick == 0.0 { "0".to_owned() } else { scientific(tick, digits) }).collect()
}

/// Numbers from here on are written with an exponent.
const LARGEST_NAMED: f64 = 1e15;

/// The unit of a large number, as in "110M parameters".
fn unit_of(size: f64) -> (f64, &'static str) {
    match size {
        1e12.. => (1e12, "T"),
        1e9.. => (1e9, "B"),
        1e6.. => (1e6, "M"),
        _ => (1.0, ""),
    }
}

/// NaN and infinity in words that fit a table.
fn unusual(value: f64) -> String {
    match value {
        f64::INFINITY => "∞".to_owned(),
        f64::NEG_INFINITY => "-∞".to_owned(),
        _ => "NaN".to_owned(),
    }
}

/// 0.000125 as "1.25e-4", with at most `decimals` decimals, so that 3.0000000000000004e-5 is 3e-5.
pub(crate) fn scientific(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return unusual(value);
    }
    let text = format!("{value:.decimals$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}e{exponent}", trimmed(mantissa))
}

/// Removes trailing zeros of the decimals.
fn trimmed(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// -1234.5 as "-1,234.50", with `decimals` decimals.
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    format!("{sign}{}{rest}", by_three(digits))
}

/// 22713216 as "22,713,216".
pub(crate) fn thousands(number: usize) -> String {
    by_three(&number.to_string())
}

/// Digits in groups of three; a number beyond 128 bits stays as it is.
fn by_three(digits: &str) -> String {
    digits
        .parse::<u128>()
        .map_or_else(|_| digits.to_owned(), |number| number.to_formatted_string(&Locale::en))
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
            (1500.0, "1,500"),
            (20.0, "20"),
            (3.000_000_000_000_000_4e-5, "3e-5"),
            (1.25e-4, "1.25e-4"),
            (200_000.0, "200,000"),
            (686_210.0, "686,210"),
            (-22_713_986.0, "-22.71M"),
            (999_999.7, "1M"),
            (4e9, "4B"),
            (1.5e12, "1.5T"),
            (1e15, "1e15"),
            (0.001, "0.001"),
            (0.000_999_99, "0.001"),
            (-0.0, "0"),
            (1e-300, "1e-300"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "∞"),
            (f64::NEG_INFINITY, "-∞"),
        ] {
            assert_eq!(short(value), expected);
        }
    }

    #[test]
    fn ticks_are_told_apart() {
        for (ticks, expected) in [
            (vec![0.0, 0.2, 0.4], vec!["0", "0.2", "0.4"]),
            (vec![0.5, 1.0, 1.5], vec!["0.5", "1.0", "1.5"]),
            (vec![-1.0, 0.0, 1.0], vec!["-1", "0", "1"]),
            (vec![0.7930, 0.79305, 0.7931], vec!["0.79300", "0.79305", "0.79310"]),
            (vec![0.793_147, 0.793_148], vec!["0.793147", "0.793148"]),
            (vec![0.0, 1e-5, 2e-5], vec!["0", "1e-5", "2e-5"]),
            (vec![9e-4, 1e-3], vec!["0.0009", "0.0010"]),
            (vec![5.0001e-5, 5.0002e-5], vec!["5.0001e-5", "5.0002e-5"]),
            (vec![0.0, 500.0, 1000.0], vec!["0", "500", "1,000"]),
            (vec![0.0, 500_000.0, 1e6], vec!["0", "0.5M", "1.0M"]),
            (vec![22_713_980.0, 22_713_985.0], vec!["22,713,980", "22,713,985"]),
            (vec![0.0, 2e9, 4e9], vec!["0", "2B", "4B"]),
            (vec![-2e300, 0.0, 2e300], vec!["-2e300", "0", "2e300"]),
            (vec![686_210.0], vec!["686,210"]),
            (vec![], vec![]),
        ] {
            assert_eq!(names_of_ticks(&ticks), expected);
        }
    }

    #[test]
    fn figures_have_four_decimals() {
        assert_eq!(
            [0.5, -0.123_46, 1_989_197_538.379_7, f64::NAN].map(figure),
            ["0.5000", "-0.1235", "1,989,197,538.3797", "NaN"]
        );
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
