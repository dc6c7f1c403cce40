//! Sizes in which a drawing is shown, in steps.

/// The sizes, percent.
pub const SIZES: [u32; 6] = [25, 50, 75, 100, 150, 200];

/// The next smaller and the next larger one from the size in which it is shown, percent; none where there is none.
pub fn steps(shown: f64) -> (Option<u32>, Option<u32>) {
    // Less than a hundredth is no step.
    let smaller = SIZES.iter().rev().find(|size| f64::from(**size) < shown - 1.0);
    let larger = SIZES.iter().find(|size| f64::from(**size) > shown + 1.0);
    (smaller.copied(), larger.copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_from_where_one_is() {
        for (shown, smaller, larger) in [
            (14.5, None, Some(25)),
            (25.0, None, Some(50)),
            (75.3, Some(50), Some(100)),
            (80.0, Some(75), Some(100)),
            (100.0, Some(75), Some(150)),
            (200.0, Some(150), None),
            (345.0, Some(200), None),
        ] {
            assert_eq!(steps(shown), (smaller, larger), "{shown}");
        }
    }
}
