//! Values for `$1`, `$2`, ... of either engine.

/// A value bound to a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    /// TEXT
    Text(Option<String>),
    /// BIGINT
    Int(Option<i64>),
    /// DOUBLE PRECISION
    Real(Option<f64>),
}

macro_rules! from {
    ($($t:ty => $v:ident),*) => {$(
        impl From<$t> for Arg { fn from(v: $t) -> Self { Arg::$v(Some(v.into())) } }
        impl From<Option<$t>> for Arg { fn from(v: Option<$t>) -> Self { Arg::$v(v.map(Into::into)) } }
    )*};
}
from!(&str => Text, String => Text, &String => Text, i64 => Int, i32 => Int, u32 => Int, f64 => Real);

impl From<bool> for Arg {
    fn from(v: bool) -> Self {
        Arg::Int(Some(i64::from(v)))
    }
}

/// `args![id, team, 3]`
#[macro_export]
macro_rules! args {
    ($($v:expr),* $(,)?) => { vec![$($crate::store::Arg::from($v)),*] };
}
