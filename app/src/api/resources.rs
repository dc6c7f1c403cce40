//! Amounts of CPU, memory and GPUs: Kubernetes quantities going in, numbers coming out.
//!
//! The quantity parser is our own forty lines: the crates for it bring the Kubernetes types, far too much for the browser.

use serde::{Deserialize, Serialize};

/// An amount as it comes out: millicores, bytes, whole GPUs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Resources {
    /// CPU in thousandths of a core.
    pub cpu_millis: i64,
    /// Memory in bytes.
    pub memory_bytes: i64,
    /// Whole GPUs.
    #[serde(default)]
    pub gpus: i64,
}

/// An amount as it goes in: Kubernetes quantities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ResourcesAsked {
    /// CPU: `"500m"`, `"2"`, `"1.5"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory: `"512Mi"`, `"4Gi"`, `"2G"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// GPUs: `"1"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
}

impl Resources {
    /// An amount of nothing.
    pub const NONE: Resources = Resources { cpu_millis: 0, memory_bytes: 0, gpus: 0 };

    /// Both together, never past the largest number.
    pub const fn plus(self, other: Resources) -> Resources {
        Resources {
            cpu_millis: self.cpu_millis.saturating_add(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_add(other.memory_bytes),
            gpus: self.gpus.saturating_add(other.gpus),
        }
    }

    /// What is left after taking `other`; below zero where more is taken than there is.
    pub const fn minus(self, other: Resources) -> Resources {
        Resources {
            cpu_millis: self.cpu_millis.saturating_sub(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_sub(other.memory_bytes),
            gpus: self.gpus.saturating_sub(other.gpus),
        }
    }

    /// So many times as much, never past the largest number.
    pub const fn times(self, n: i64) -> Resources {
        Resources {
            cpu_millis: self.cpu_millis.saturating_mul(n),
            memory_bytes: self.memory_bytes.saturating_mul(n),
            gpus: self.gpus.saturating_mul(n),
        }
    }

    /// One of so many equal parts.
    pub const fn part_of(self, n: i64) -> Resources {
        let n = if n < 1 { 1 } else { n };
        Resources { cpu_millis: self.cpu_millis / n, memory_bytes: self.memory_bytes / n, gpus: self.gpus / n }
    }

    /// `2 CPU, 8 GiB`, or `3 nodes of 2 CPU, 8 GiB`.
    pub fn on_nodes(self, nodes: i64) -> String {
        if nodes > 1 { format!("{nodes} nodes of {}", self.words()) } else { self.words() }
    }

    /// Whether `self` fits into `room` in every respect.
    pub const fn fits(self, room: Resources) -> bool {
        self.cpu_millis <= room.cpu_millis && self.memory_bytes <= room.memory_bytes && self.gpus <= room.gpus
    }

    /// `2 CPU, 8 GiB`, `0.5 CPU, 512 MiB, 1 GPU`.
    pub fn words(self) -> String {
        let mut out = format!("{} CPU, {}", cpu_words(self.cpu_millis), bytes_words(self.memory_bytes));
        if self.gpus > 0 {
            out.push_str(&format!(", {} GPU", self.gpus));
        }
        out
    }
}

impl ResourcesAsked {
    /// Numbers from quantities; what is left out is taken from `default`.
    ///
    /// # Errors
    /// The field that is wrong (`cpu`, `memory`, `gpu`) and the sentence for it.
    pub fn resolve(&self, default: Resources) -> Result<Resources, (&'static str, String)> {
        let pick = |q: &Option<String>| q.as_deref().map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned);
        let cpu_millis = match pick(&self.cpu) {
            Some(q) => parse_cpu(&q).map_err(|e| ("cpu", e))?,
            None => default.cpu_millis,
        };
        let memory_bytes = match pick(&self.memory) {
            Some(q) => parse_bytes(&q).map_err(|e| ("memory", e))?,
            None => default.memory_bytes,
        };
        let gpus = match pick(&self.gpu) {
            Some(q) => q
                .parse::<i64>()
                .ok()
                .filter(|n| (0..=1024).contains(n))
                .ok_or_else(|| ("gpu", format!("\"{q}\" is not a number of GPUs: write a whole number, such as 1.")))?,
            None => default.gpus,
        };
        Ok(Resources { cpu_millis, memory_bytes, gpus })
    }
}

/// CPU quantity to millicores.
///
/// # Errors
/// The sentence to show beside the field.
pub fn parse_cpu(q: &str) -> Result<i64, String> {
    let wrong = || format!("\"{q}\" is not an amount of CPU: write cores such as 2 or 0.5, or millicores such as 500m.");
    // Kubernetes writes 4000 cores as 4k.
    let (number, factor) = match (q.strip_suffix('m'), q.strip_suffix('k')) {
        (Some(n), _) => (n, 1.0),
        (_, Some(n)) => (n, 1e6),
        _ => (q, 1000.0),
    };
    let millis = number.parse::<f64>().map_err(|_| wrong())? * factor;
    if millis.is_finite() && (1.0..=1e9).contains(&millis) { Ok(millis.round() as i64) } else { Err(wrong()) }
}

/// Memory quantity to bytes.
///
/// # Errors
/// The sentence to show beside the field.
pub fn parse_bytes(q: &str) -> Result<i64, String> {
    const UNITS: [(&str, f64); 11] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("", 1.0),
    ];
    let wrong = || format!("\"{q}\" is not an amount of memory: write a number with a unit, such as 512Mi or 4Gi.");
    let (number, factor) = UNITS.iter().find_map(|(u, f)| q.strip_suffix(u).map(|n| (n.trim(), *f))).ok_or_else(wrong)?;
    let bytes = number.parse::<f64>().map_err(|_| wrong())? * factor;
    if bytes.is_finite() && (1.0..=9e15).contains(&bytes) { Ok(bytes.round() as i64) } else { Err(wrong()) }
}

/// `2`, `0.5`, `1.75`; what has more than two decimals in millicores: `1333m`.
pub fn cpu_words(millis: i64) -> String {
    if millis % 10 == 0 { format!("{}", millis as f64 / 1000.0) } else { format!("{millis}m") }
}

/// `512 MiB`, `3.3 GiB`.
pub fn bytes_words(bytes: i64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut amount = bytes.max(0) as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    if amount >= 100.0 || (amount - amount.round()).abs() < 0.05 {
        format!("{amount:.0} {}", UNITS[unit])
    } else {
        format!("{amount:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        assert_eq!(parse_cpu("500m"), Ok(500));
        assert_eq!(parse_cpu("1.5"), Ok(1500));
        assert_eq!(parse_cpu("4k"), Ok(4_000_000));
        assert_eq!(parse_bytes("4Gi"), Ok(4 << 30));
        assert_eq!(parse_bytes("1k"), Ok(1000));
        assert_eq!(parse_bytes("12"), Ok(12));
        for bad in ["", "x", "-1", "NaN", "inf", "0", "1e300"] {
            assert!(parse_cpu(bad).is_err(), "{bad}");
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn words() {
        assert_eq!(Resources { cpu_millis: 2000, memory_bytes: 8 << 30, gpus: 1 }.words(), "2 CPU, 8 GiB, 1 GPU");
        assert_eq!(Resources { cpu_millis: 250, memory_bytes: 3 << 29, gpus: 0 }.words(), "0.25 CPU, 1.5 GiB");
    }
}
