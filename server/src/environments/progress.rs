//! How far a build is, told from what its tools print.

use app::api::logs::LogLine;

/// From 0 to 1, from the last lines of the log. `packages`: how many the lock pins, 0 where it is not known yet.
pub fn of(lines: &[LogLine], packages: usize) -> f64 {
    let mut progress: f64 = 0.02;
    let mut arrived = 0_usize;
    for line in lines {
        let text = line.text.trim_start();
        let reached = match text.split_whitespace().next() {
            Some("Resolving") => 0.05,
            Some("Resolved") => 0.2,
            Some("Making") => 0.1,
            // uv names only the large ones, pip every one
            Some("Downloaded" | "Collecting" | "Building" | "Built") => {
                arrived += 1;
                let whole = if packages == 0 { 40.0 } else { packages as f64 };
                0.25 + 0.45 * (arrived as f64 / whole).min(1.0)
            }
            Some("Prepared" | "Installing") => 0.75,
            Some("Installed" | "Successfully") => 0.9,
            Some("Bytecode") => 0.97,
            _ => continue,
        };
        progress = progress.max(reached);
    }
    progress
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<LogLine> {
        texts.iter().map(|t| LogLine { time: String::new(), stream: "err".into(), text: (*t).into() }).collect()
    }

    #[test]
    fn it_grows_with_what_uv_and_pip_say() {
        let uv = [
            "Making the environment",
            "Resolved 46 packages in 1.20s",
            " Downloaded numpy",
            "Prepared 46 packages in 3s",
            "Installed 46 packages in 90ms",
        ];
        let mut last = 0.0;
        for n in 0..=uv.len() {
            let now = of(&lines(&uv[..n]), 46);
            assert!(now >= last && now < 1.0, "{n}: {now}");
            last = now;
        }
        assert!(last >= 0.9);
        assert!(of(&lines(&["Collecting numpy==2", "Collecting pandas==3"]), 4) > 0.4);
    }
}
