//! What workloads use, beside what they hold.

use serde::{Deserialize, Serialize};

/// Use at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct UsageSample {
    /// RFC 3339.
    pub time: String,
    /// CPU in thousandths of a core, over the time since the sample before.
    pub cpu_millis: i64,
    /// Resident memory in bytes.
    pub memory_bytes: i64,
}
