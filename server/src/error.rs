//! Errors with two messages: one for the reader, one for the log. They become HTTP only at the door.

use app::api::FieldProblem;
use std::fmt;

/// What kind of error it is; the doors map it to a status or to a code of their dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong: 422, or 400 for what cannot be read at all.
    Invalid,
    /// Nobody knows who is asking: 401.
    Unauthenticated,
    /// Known, but not allowed: 403.
    Forbidden,
    /// Not there, or not the asker's to see: 404.
    NotFound,
    /// Clashes with the state of what is there: 409.
    Conflict,
    /// There is one of this name already: 409.
    Taken,
    /// Too large: 413.
    TooLarge,
    /// Too many or too fast: 429.
    TooMany,
    /// Comes back later: 503.
    Unavailable,
    /// No room is left on a disk: 507.
    Full,
    /// Another system answered badly: 502.
    Upstream,
    /// Ours: 500.
    Internal,
}

/// An error. `public` is for the reader; `private` and its contexts are for the log.
#[derive(Debug, Clone)]
pub struct Error {
    /// What kind it is.
    pub kind: Kind,
    /// A sentence for the reader.
    pub public: String,
    /// The field of the request it is about.
    pub field: Option<String>,
    /// Each field that is wrong, where there may be several.
    pub errors: Vec<FieldProblem>,
    /// What to do about it.
    pub hint: Option<String>,
    /// For the log, innermost first.
    pub private: Vec<String>,
}

/// A result with our [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of this kind with a sentence for the reader.
    pub fn new(kind: Kind, public: impl Into<String>) -> Self {
        Self { kind, public: public.into(), field: None, errors: Vec::new(), hint: None, private: Vec::new() }
    }
    /// The value of `field` is wrong.
    pub fn invalid(field: &str, public: impl Into<String>) -> Self {
        let mut error = Self::new(Kind::Invalid, public);
        if !field.is_empty() {
            error.field = Some(field.into());
        }
        error
    }
    /// Not there, or not the asker's to see.
    pub fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("There is no such {what}, or it is not yours to see."))
    }
    /// Clashes with the state of what is there.
    pub fn conflict(public: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, public)
    }
    /// There is one of this name already.
    pub fn taken(public: impl Into<String>) -> Self {
        Self::new(Kind::Taken, public)
    }
    /// It is no longer what the asker saw: `what` was changed by somebody else.
    pub fn stale(what: impl fmt::Display) -> Self {
        Self::conflict(format!("{what} was changed in the meantime.")).hint("Look at it again, then repeat.")
    }
    /// Goes on where a change names no revision, or the one in force.
    ///
    /// # Errors
    /// It names another: [`Error::stale`].
    pub fn unless_stale(asked: Option<i64>, now: i64, what: impl fmt::Display) -> Result<()> {
        if asked.is_none_or(|seen| seen == now) { Ok(()) } else { Err(Self::stale(what)) }
    }
    /// Known, but not allowed.
    pub fn forbidden(public: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, public)
    }
    /// Ours; `private` goes to the log only.
    pub fn internal(private: impl fmt::Display) -> Self {
        let mut error = Self::new(Kind::Internal, "Something went wrong here. It was written to the server's log.");
        error.private.push(private.to_string());
        error
    }
    /// No room is left on a disk; `private` goes to the log only.
    pub fn full(private: impl fmt::Display) -> Self {
        let mut error = Self::new(Kind::Full, "The server's disk is full, so this was not kept.");
        error.private.push(private.to_string());
        error.hint("Ask an admin to make room, then do it again.")
    }
    /// Says of each field what is wrong with it.
    pub fn each(mut self, errors: Vec<FieldProblem>) -> Self {
        self.errors = errors;
        self
    }
    /// Says what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
    /// Adds where it happened, for the log.
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.private.push(context.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.public)?;
        for p in self.private.iter().rev() {
            write!(f, " / {p}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<sqlx::Error> for Error {
    fn from(e: sqlx::Error) -> Self {
        if let sqlx::Error::Migrate(m) = &e
            && let sqlx::migrate::MigrateError::VersionMissing(version) = &**m
        {
            return Error::conflict(format!("it is of a newer Slipway, which made its migration {version}"))
                .hint("Start the newer program, or bring back the copy of the database from before the upgrade.");
        }
        match &e {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Error::new(Kind::Unavailable, "The database does not answer.").hint("Try again in a moment.").context(e.to_string())
            }
            sqlx::Error::Database(db) if DISK_FULL.iter().any(|c| db.code().as_deref() == Some(*c)) => Error::full(e),
            _ => Error::internal(e),
        }
    }
}

/// What databases say where no room is left: SQLite's SQLITE_FULL, SQLITE_IOERR_WRITE and SQLITE_IOERR_SHMSIZE, PostgreSQL's disk_full.
const DISK_FULL: [&str; 4] = ["13", "778", "4874", "53100"];

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        match e.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::full(e),
            _ => Error::internal(e),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(e: serde_json::Error) -> Self {
        Error::internal(e)
    }
}

/// Adds context to a result on its way up.
pub trait Context<T> {
    /// Adds where it happened, for the log.
    ///
    /// # Errors
    /// The same error with more to read.
    fn context(self, context: &str) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, context: &str) -> Result<T> {
        self.map_err(|e| e.into().context(context))
    }
}
