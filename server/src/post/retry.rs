//! When something that was not taken is sent again.

/// Pauses after the first, the second, ... attempt that failed, milliseconds.
pub const PAUSES_MS: [i64; 6] = [5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000];
/// So many attempts before it is given up.
pub const TRIES: i64 = PAUSES_MS.len() as i64 + 1;

/// The pause after an attempt that failed, where so many were left with it; nothing where it was the last.
pub fn pause(tries_left: i64) -> Option<i64> {
    let made = usize::try_from(TRIES - tries_left).ok()?;
    PAUSES_MS.get(made).copied().filter(|_| tries_left > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        assert_eq!(pause(TRIES), Some(5_000));
        assert_eq!(pause(2), Some(21_600_000));
        assert_eq!((pause(1), pause(0), pause(TRIES + 1)), (None, None, None));
    }
}
