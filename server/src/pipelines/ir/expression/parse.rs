use super::{Field, Function, Operator, Tree};

/// Brackets, signs and calls in each other.
const DEEPEST: usize = 100;
/// Operators and members in all: each makes the tree higher.
const MOST: usize = 500;
const LONGEST: usize = 16 * 1024;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Int(i64),
    Double(f64),
    Sign(&'static str),
}

const SIGNS: [&str; 20] = ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(", ")", "[", "]", ".", ",", "+", "-", "*", "/", "%"];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = if first == '\'' || first == '"' {
            let (value, len) = quoted(rest, first)?;
            out.push(Token::Text(value));
            len
        } else if first.is_ascii_digit() {
            let len = number_length(rest);
            let digits = &rest[..len];
            let number = if digits.bytes().all(|b| b.is_ascii_digit()) {
                digits.parse().map(Token::Int).map_err(|_| format!("the number {digits} is too large"))?
            } else {
                digits.parse().map(Token::Double).map_err(|_| format!("{digits} is no number"))?
            };
            out.push(number);
            len
        } else if first.is_alphabetic() || first == '_' {
            let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            out.push(Token::Name(rest[..len].to_owned()));
            len
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            out.push(Token::Sign(sign));
            sign.len()
        } else {
            return Err(format!("{first:?} is not understood"));
        };
        rest = rest[len..].trim_start();
    }
    Ok(out)
}

/// Digits, a fraction and an exponent.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut len = digits(0);
    if bytes.get(len) == Some(&b'.') && bytes.get(len + 1).is_some_and(u8::is_ascii_digit) {
        len += 1 + digits(len + 1);
    }
    if matches!(bytes.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
        let exponent = bytes.get(len + 1 + sign..).map_or(0, |_| digits(len + 1 + sign));
        if exponent > 0 {
            len += 1 + sign + exponent;
        }
    }
    len
}

fn quoted(text: &str, quote: char) -> Result<(String, usize), String> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok((value, at + c.len_utf8()));
        }
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n')) => value.push('\n'),
            Some((_, 't')) => value.push('\t'),
            Some((_, 'r')) => value.push('\r'),
            Some((_, c @ ('\\' | '\'' | '"' | '`' | '?'))) => value.push(c),
            Some((_, c)) => return Err(format!("\\{c} is not understood")),
            None => break,
        }
    }
    Err("a text has no end".to_owned())
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
    operators: usize,
    condition: bool,
}

pub(super) fn parse(text: &str, condition: bool) -> Result<Tree, String> {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), depth: 0, operators: 0, condition };
    let tree = parser.expression(0)?;
    match parser.tokens.next() {
        None => Ok(tree),
        Some(token) => Err(format!("{} is not expected", shown(&token))),
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Name(name) => name.clone(),
        Token::Text(text) => format!("{text:?}"),
        Token::Int(n) => n.to_string(),
        Token::Double(n) => n.to_string(),
        Token::Sign(sign) => (*sign).to_owned(),
    }
}

/// Operators from the loosest to the tightest.
fn operator(token: &Token) -> Option<(u8, Operator)> {
    Some(match token {
        Token::Sign("||") => (1, Operator::Or),
        Token::Sign("&&") => (2, Operator::And),
        Token::Sign("==") => (3, Operator::Equal),
        Token::Sign("!=") => (3, Operator::NotEqual),
        Token::Sign("<") => (3, Operator::Less),
        Token::Sign("<=") => (3, Operator::LessOrEqual),
        Token::Sign(">") => (3, Operator::Greater),
        Token::Sign(">=") => (3, Operator::GreaterOrEqual),
        Token::Name(name) if name == "in" => (3, Operator::In),
        Token::Sign("+") => (4, Operator::Add),
        Token::Sign("-") => (4, Operator::Subtract),
        Token::Sign("*") => (5, Operator::Multiply),
        Token::Sign("/") => (5, Operator::Divide),
        Token::Sign("%") => (5, Operator::Remainder),
        _ => return None,
    })
}

impl Parser {
    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(format!("it is nested deeper than {DEEPEST}")) } else { Ok(()) }
    }

    fn more(&mut self) -> Result<(), String> {
        self.operators += 1;
        if self.operators > MOST { Err(format!("it has more than {MOST} operators")) } else { Ok(()) }
    }

    fn sign(&mut self, sign: &'static str) -> bool {
        self.tokens.next_if_eq(&Token::Sign(sign)).is_some()
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        if self.sign(sign) {
            return Ok(());
        }
        let found = self.tokens.peek().map_or_else(|| "the end".to_owned(), shown);
        Err(format!("{sign} is expected, not {found}"))
    }

    /// Operators that bind tighter than `floor`.
    fn expression(&mut self, floor: u8) -> Result<Tree, String> {
        let mut left = self.unary()?;
        while let Some((level, op)) = self.tokens.peek().and_then(operator).filter(|(level, _)| *level > floor) {
            self.more()?;
            self.tokens.next();
            let right = self.expression(level)?;
            left = Tree::Both(op, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Tree, String> {
        self.deeper()?;
        let tree = if self.sign("!") {
            Tree::Not(Box::new(self.unary()?))
        } else if self.sign("-") {
            Tree::Negative(Box::new(self.unary()?))
        } else {
            self.member()?
        };
        self.depth -= 1;
        Ok(tree)
    }

    fn member(&mut self) -> Result<Tree, String> {
        let mut tree = self.primary()?;
        loop {
            if self.sign(".") {
                self.more()?;
                let Some(Token::Name(name)) = self.tokens.next() else { return Err("a name is expected after .".to_owned()) };
                tree = Tree::Member(Box::new(tree), Box::new(Tree::Text(name)));
            } else if self.sign("[") {
                self.more()?;
                let key = self.expression(0)?;
                self.expect("]")?;
                tree = Tree::Member(Box::new(tree), Box::new(key));
            } else {
                return Ok(tree);
            }
        }
    }

    fn primary(&mut self) -> Result<Tree, String> {
        match self.tokens.next() {
            None => Err("it ends too early".to_owned()),
            Some(Token::Text(text)) => Ok(Tree::Text(text)),
            Some(Token::Int(n)) => Ok(Tree::Int(n)),
            Some(Token::Double(n)) => Ok(Tree::Double(n)),
            Some(Token::Sign("(")) => {
                let tree = self.expression(0)?;
                self.expect(")")?;
                Ok(tree)
            }
            Some(Token::Sign("[")) => {
                let mut items = Vec::new();
                while !self.sign("]") {
                    if !items.is_empty() {
                        self.expect(",")?;
                    }
                    items.push(self.expression(0)?);
                }
                Ok(Tree::List(items))
            }
            Some(Token::Name(name)) => self.name(&name),
            Some(token) => Err(format!("{} is not expected", shown(&token))),
        }
    }

    fn name(&mut self, name: &str) -> Result<Tree, String> {
        let function = match name {
            "int" => Function::Int,
            "double" => Function::Double,
            "string" => Function::Text,
            "bool" => Function::Bool,
            "parseJson" => Function::ParseJson,
            "size" => Function::Size,
            _ => return self.variable(name),
        };
        self.expect("(")?;
        let of = self.expression(0)?;
        self.expect(")")?;
        Ok(Tree::Call(function, Box::new(of)))
    }

    fn variable(&mut self, name: &str) -> Result<Tree, String> {
        match (name, self.condition) {
            ("true", _) => return Ok(Tree::Bool(true)),
            ("false", _) => return Ok(Tree::Bool(false)),
            ("null", _) => return Ok(Tree::Null),
            ("inputs", true) => {
                if self.sign(".") && self.tokens.next() == Some(Token::Name("parameter_values".to_owned())) {
                    return Ok(Tree::Parameters);
                }
                return Err("of inputs only inputs.parameter_values can be asked".to_owned());
            }
            _ => {}
        }
        let field = match (name, self.condition) {
            ("string_value", false) => Field::Text,
            ("number_value", false) => Field::Number,
            ("bool_value", false) => Field::Bool,
            ("struct_value", false) => Field::Struct,
            ("list_value", false) => Field::List,
            _ => return Err(format!("{name} is not known here")),
        };
        Ok(Tree::Of(field))
    }
}
