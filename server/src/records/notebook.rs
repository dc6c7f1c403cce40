//! What a person wants of a notebook; what it does is its state.

/// What a person wants of a notebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desired {
    /// It shall run.
    Running,
    /// It shall be off; its files stay.
    Stopped,
    /// It shall go; its files stay.
    Deleted,
    /// It shall go with its files.
    DeletedWithFiles,
}

impl Desired {
    /// The word of the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Deleted => "deleted",
            Self::DeletedWithFiles => "deleted_with_files",
        }
    }

    /// Whether it shall go.
    pub const fn is_deleted(self) -> bool {
        matches!(self, Self::Deleted | Self::DeletedWithFiles)
    }
}

impl std::str::FromStr for Desired {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let all = [Self::Running, Self::Stopped, Self::Deleted, Self::DeletedWithFiles];
        all.into_iter().find(|d| d.as_str() == s).ok_or_else(|| format!("no such wish: {s}"))
    }
}
