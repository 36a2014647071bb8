//! Times in words. Wall time comes in as milliseconds since the Unix epoch with an offset; nothing here asks a clock.

use crate::strings::{Arg, text, text_with};
use crate::view::Clock;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    weekday: i64,
    hour: i64,
    minute: i64,
}

fn local_seconds(clock: Clock, at_ms: i64) -> i64 {
    at_ms.div_euclid(1000).saturating_add(i64::from(clock.utc_offset_s))
}

/// Days since the Unix epoch in local time.
pub(crate) fn day_number(clock: Clock, at_ms: i64) -> i64 {
    local_seconds(clock, at_ms).div_euclid(DAY)
}

/// Calendar date of a day number (the algorithm of Howard Hinnant's `civil_from_days`).
fn civil(clock: Clock, at_ms: i64) -> Civil {
    let seconds = local_seconds(clock, at_ms);
    let days = seconds.div_euclid(DAY);
    let rest = seconds.rem_euclid(DAY);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let month = if month_shifted < 10 {
        month_shifted + 3
    } else {
        month_shifted - 9
    };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * month_shifted + 2) / 5 + 1,
        weekday: (days + 3).rem_euclid(7),
        hour: rest / HOUR,
        minute: rest % HOUR / MINUTE,
    }
}

fn weekday(day: i64) -> String {
    let keys = [
        "day-monday",
        "day-tuesday",
        "day-wednesday",
        "day-thursday",
        "day-friday",
        "day-saturday",
        "day-sunday",
    ];
    text(
        keys.get(usize::try_from(day).unwrap_or_default())
            .copied()
            .unwrap_or("day-monday"),
    )
    .into_owned()
}

fn month(month: i64) -> String {
    let keys = [
        "month-1", "month-2", "month-3", "month-4", "month-5", "month-6", "month-7", "month-8", "month-9", "month-10",
        "month-11", "month-12",
    ];
    let at = usize::try_from(month - 1).unwrap_or_default();
    text(keys.get(at).copied().unwrap_or("month-1")).into_owned()
}

/// `18:04`.
pub(crate) fn clock_time(clock: Clock, at_ms: i64) -> String {
    let civil = civil(clock, at_ms);
    format!("{:02}:{:02}", civil.hour, civil.minute)
}

/// "Today", "Yesterday", or the date.
pub(crate) fn day_label(clock: Clock, at_ms: i64) -> String {
    match day_number(clock, clock.now_ms) - day_number(clock, at_ms) {
        0 => text("day-today").into_owned(),
        1 => text("day-yesterday").into_owned(),
        _ => {
            let date = civil(clock, at_ms);
            let (weekday, month) = (weekday(date.weekday), month(date.month));
            text_with(
                "day-date",
                &[
                    ("weekday", Arg::Text(&weekday)),
                    ("day", Arg::Text(&date.day.to_string())),
                    ("month", Arg::Text(&month)),
                    ("year", Arg::Text(&date.year.to_string())),
                ],
            )
        }
    }
}

/// Date and time, for a tooltip.
pub(crate) fn full_time(clock: Clock, at_ms: i64) -> String {
    format!("{}, {}", day_label(clock, at_ms), clock_time(clock, at_ms))
}

/// "now", "12 m", "2 h", "Mon", "3 Mar": short enough for the people list.
pub(crate) fn ago(clock: Clock, at_ms: i64) -> String {
    let seconds = (clock.now_ms - at_ms).max(0) / 1000;
    if seconds < MINUTE {
        return text("ago-now").into_owned();
    }
    if seconds < HOUR {
        return text_with("ago-minutes", &[("count", Arg::Number(seconds / MINUTE))]);
    }
    let days = day_number(clock, clock.now_ms) - day_number(clock, at_ms);
    if days == 0 || seconds < 12 * HOUR {
        return text_with("ago-hours", &[("count", Arg::Number(seconds / HOUR))]);
    }
    let date = civil(clock, at_ms);
    if days < 7 {
        return weekday(date.weekday).chars().take(3).collect();
    }
    let month: String = month(date.month).chars().take(3).collect();
    format!("{} {month}", date.day)
}

/// `12:41` or `1:02:03`.
pub(crate) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, rest) = (seconds / HOUR, seconds % HOUR / MINUTE, seconds % MINUTE);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}")
    } else {
        format!("{minutes}:{rest:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(now_s: i64) -> Clock {
        Clock {
            now_ms: now_s * 1000,
            utc_offset_s: 0,
        }
    }

    #[test]
    fn dates_are_right_across_leap_years_and_before_the_epoch() {
        let known = [
            (0, (1970, 1, 1, 3)),
            (951_782_400, (2000, 2, 29, 1)),
            (1_709_164_800, (2024, 2, 29, 3)),
            (1_735_603_200, (2024, 12, 31, 1)),
            (-86_400, (1969, 12, 31, 2)),
        ];
        for (seconds, (year, month, day, weekday)) in known {
            let date = civil(clock(0), seconds * 1000);
            assert_eq!(
                (date.year, date.month, date.day, date.weekday),
                (year, month, day, weekday),
                "{seconds}"
            );
        }
    }

    #[test]
    fn the_day_changes_at_local_midnight() {
        let berlin = Clock {
            now_ms: 0,
            utc_offset_s: 3600,
        };
        assert_eq!(day_number(berlin, 23 * 3_600_000), 1);
        assert_eq!(clock_time(berlin, 23 * 3_600_000), "00:00");
    }

    #[test]
    fn times_ago_grow_coarser() {
        let now = clock(1_709_208_000);
        assert_eq!(
            ago(now, now.now_ms + 5_000),
            text("ago-now"),
            "a clock ahead of ours is now"
        );
        assert!(ago(now, now.now_ms - 12 * 60_000).contains("12"));
        assert!(ago(now, now.now_ms - 2 * 3_600_000).contains('2'));
        assert_eq!(ago(now, now.now_ms - 2 * 86_400_000), "Tue");
        assert_eq!(ago(now, now.now_ms - 30 * 86_400_000), "30 Jan");
    }

    #[test]
    fn durations_read_as_clocks() {
        assert_eq!(duration(761), "12:41");
        assert_eq!(duration(3723), "1:02:03");
        assert_eq!(duration(-4), "0:00");
    }
}
