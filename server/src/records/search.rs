//! What a search asks for, checked and without a word of its grammar: conditions, order, what to see. Rooms make it from text
//! (`runs/search`), the store makes SQL of it.

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `LIKE`: `%` any text, `_` any character, case counts.
    Like,
    /// `ILIKE`: as LIKE, case does not count.
    ILike,
    /// Has this text in it, case does not count.
    Contains,
    /// `IN (…)`
    In,
    /// `NOT IN (…)`
    NotIn,
    /// `IS NULL`
    IsNull,
    /// `IS NOT NULL`
    IsNotNull,
}

impl Op {
    /// As written in a filter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Op::Eq => "=",
            Op::Ne => "!=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Like => "LIKE",
            Op::ILike => "ILIKE",
            Op::Contains => "CONTAINS",
            Op::In => "IN",
            Op::NotIn => "NOT IN",
            Op::IsNull => "IS NULL",
            Op::IsNotNull => "IS NOT NULL",
        }
    }

    /// Whether it orders numbers: `=`, `!=`, `>`, `>=`, `<`, `<=`.
    pub const fn is_numeric(self) -> bool {
        matches!(self, Op::Eq | Op::Ne | Op::Gt | Op::Ge | Op::Lt | Op::Le)
    }
}

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// Nothing, for `IS NULL`.
    None,
    /// A whole number.
    Int(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(String),
    /// Texts, for `IN`.
    List(Vec<String>),
}

/// A field of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunField {
    /// Latest value of a metric.
    Metric(String),
    /// A parameter.
    Param(String),
    /// A tag.
    Tag(String),
    /// Something of the run itself.
    Attribute(RunAttribute),
    /// Something of a dataset that it read.
    Dataset(DatasetField),
}

/// Something of a run itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum RunAttribute {
    RunId,
    RunName,
    UserId,
    Status,
    ArtifactUri,
    StartTime,
    EndTime,
}

impl RunAttribute {
    /// Whether it is a number.
    pub const fn is_numeric(self) -> bool {
        matches!(self, RunAttribute::StartTime | RunAttribute::EndTime)
    }
}

/// Something of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum DatasetField {
    Name,
    Digest,
    Context,
}

/// A field of an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ExperimentField {
    Name,
    Id,
    CreationTime,
    LastUpdateTime,
    Tag(String),
}

/// A field of a pipeline, of a version of one, or of a pipeline run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PipelineField {
    Id,
    Name,
    DisplayName,
    CreatedAt,
    EndedAt,
    State,
    Experiment,
    Pipeline,
    Version,
    RecurringRun,
}

/// One condition; all of a search have to hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition<F> {
    /// What is compared.
    pub field: F,
    /// How.
    pub op: Op,
    /// With what; fits the field and the comparison.
    pub operand: Operand,
}

/// One field to sort by. What lacks it comes last either way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order<F> {
    /// The field.
    pub field: F,
    /// Smallest first.
    pub ascending: bool,
}

/// Which of active and deleted ones to see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// Active ones.
    #[default]
    Active,
    /// Deleted ones.
    Deleted,
    /// Both.
    All,
}
