//! Words of a filter.

use winnow::{
    ModalResult, Parser,
    ascii::multispace0,
    combinator::{alt, delimited, opt, peek, preceded, terminated},
    error::{ContextError, ErrMode},
    token::{one_of, take_till, take_while},
};

/// A word of a filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// `metrics.loss`, `` params.`learning rate` ``, `status`.
    Name {
        /// What stands before the first dot.
        prefix: Option<String>,
        /// The rest, without its quotes.
        key: String,
        /// Whether any of it was quoted, so that it is no keyword.
        quoted: bool,
    },
    /// `'text'`
    Text(String),
    /// `"text"`: a value, or the name of an attribute.
    Quoted(String),
    /// `3`
    Int(i64),
    /// `0.5`, `-1e3`
    Real(f64),
    /// `=`, `!=`, `<`, ...
    Compare(&'static str),
    /// `(`, `)`, `,`
    Mark(char),
}

impl Token {
    /// As a reader may recognise it.
    pub fn show(&self) -> String {
        match self {
            Token::Name { prefix: Some(p), key, .. } => format!("{p}.{key}"),
            Token::Name { key, .. } => key.clone(),
            Token::Text(t) => format!("'{t}'"),
            Token::Quoted(t) => format!("\"{t}\""),
            Token::Int(n) => n.to_string(),
            Token::Real(n) => n.to_string(),
            Token::Compare(c) => (*c).into(),
            Token::Mark(c) => c.to_string(),
        }
    }

    /// Whether it is this keyword, in any case.
    pub fn is_keyword(&self, word: &str) -> bool {
        matches!(self, Token::Name { prefix: None, key, quoted: false } if key.eq_ignore_ascii_case(word))
    }
}

/// The words of `text`; or what is left where it cannot be read any further.
///
/// # Errors
/// The rest of the text, from the first character that begins no word.
pub fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut rest = text;
    let mut out = Vec::new();
    loop {
        let space: ModalResult<&str> = multispace0(&mut rest);
        if space.is_err() || rest.is_empty() {
            return Ok(out);
        }
        let before = rest;
        match token(&mut rest) {
            Ok(token) => out.push(token),
            Err(_) => return Err(before.chars().take(40).collect()),
        }
    }
}

fn token(i: &mut &str) -> ModalResult<Token> {
    alt((
        single.map(Token::Text),
        number,
        name,
        double.map(|text: String| Token::Quoted(text)),
        compare.map(Token::Compare),
        one_of(['(', ')', ',']).map(Token::Mark),
    ))
    .parse_next(i)
}

/// Two quotes in a row stand for one.
fn single(i: &mut &str) -> ModalResult<String> {
    delimited('\'', inside('\''), '\'').parse_next(i)
}

fn double(i: &mut &str) -> ModalResult<String> {
    delimited('"', inside('"'), '"').parse_next(i)
}

fn inside(quote: char) -> impl FnMut(&mut &str) -> ModalResult<String> {
    move |i: &mut &str| {
        let mut out = String::new();
        loop {
            let part: &str = take_till(0.., quote).parse_next(i)?;
            out.push_str(part);
            if opt((quote, quote)).parse_next(i)?.is_none() {
                return Ok(out);
            }
            out.push(quote);
        }
    }
}

fn backticked(i: &mut &str) -> ModalResult<String> {
    delimited('`', take_till(1.., '`'), '`').map(str::to_owned).parse_next(i)
}

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn in_prefix(c: char) -> bool {
    c.is_alphanumeric() || "_-/:".contains(c)
}

fn in_key(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !"=!<>'\"`(),;".contains(c)
}

fn name(i: &mut &str) -> ModalResult<Token> {
    alt((dotted, backticked.map(|key| Token::Name { prefix: None, key, quoted: true }), bare)).parse_next(i)
}

fn dotted(i: &mut &str) -> ModalResult<Token> {
    let prefix = alt((backticked, bare_prefix));
    let key = alt((alt((backticked, double)).map(|k| (k, true)), take_while(1.., in_key).map(|k: &str| (k.to_owned(), false))));
    (terminated(prefix, '.'), key).map(|(prefix, (key, quoted))| Token::Name { prefix: Some(prefix), key, quoted }).parse_next(i)
}

fn bare_prefix(i: &mut &str) -> ModalResult<String> {
    (one_of(begins_name), take_while(0.., in_prefix)).take().map(str::to_owned).parse_next(i)
}

fn bare(i: &mut &str) -> ModalResult<Token> {
    bare_prefix.map(|key| Token::Name { prefix: None, key, quoted: false }).parse_next(i)
}

fn digits<'a>(i: &mut &'a str) -> ModalResult<&'a str> {
    take_while(1.., |c: char| c.is_ascii_digit()).parse_next(i)
}

fn number(i: &mut &str) -> ModalResult<Token> {
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digits);
    let body = alt(((digits, opt(preceded('.', opt(digits)))).void(), preceded('.', digits).void()));
    let text = (opt(one_of(['+', '-'])), body, opt(exponent)).take().parse_next(i)?;
    // `3abc` is no number followed by a name.
    if opt(peek(one_of(|c: char| c.is_alphanumeric() || c == '_' || c == '.'))).parse_next(i)?.is_some() {
        return Err(ErrMode::Backtrack(ContextError::new()));
    }
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(n), _) => Ok(Token::Int(n)),
        (Err(_), Ok(x)) if x.is_finite() => Ok(Token::Real(x)),
        _ => Err(ErrMode::Backtrack(ContextError::new())),
    }
}

fn compare(i: &mut &str) -> ModalResult<&'static str> {
    alt((
        "!=".value("!="),
        "<>".value("<>"),
        ">=".value(">="),
        "<=".value("<="),
        "==".value("=="),
        "=".value("="),
        ">".value(">"),
        "<".value("<"),
    ))
    .parse_next(i)
}
