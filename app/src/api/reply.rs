//! The answer to a call, on its way.

use super::{Problem, transport::BoxFuture};
use serde::de::DeserializeOwned;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The answer to a call, or the problem with it.
///
/// What is sent is the same type for every answer, so that what only hands answers on is compiled once: it keeps the wasm small.
pub struct Reply<T> {
    sent: BoxFuture<Result<Vec<u8>, Problem>>,
    read: fn(Vec<u8>) -> Result<T, Problem>,
}

impl<T> Reply<T> {
    /// From the body of a good answer and what reads it.
    pub fn new(sent: BoxFuture<Result<Vec<u8>, Problem>>, read: fn(Vec<u8>) -> Result<T, Problem>) -> Self {
        Self { sent, read }
    }

    /// The same where the answer does not matter.
    pub fn done(self) -> Reply<()> {
        Reply::new(self.sent, |_| Ok(()))
    }
}

impl<T: DeserializeOwned> Reply<T> {
    /// Of a JSON answer.
    pub fn json(sent: BoxFuture<Result<Vec<u8>, Problem>>) -> Self {
        Self::new(sent, |body| from_json(&body))
    }

    /// Two answers as one.
    pub fn and<U: DeserializeOwned>(self, other: Reply<U>) -> Reply<(T, U)> {
        Reply::json(pair(self.sent, other.sent))
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T, Problem>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let body = ready!(self.sent.as_mut().poll(cx))?;
        Poll::Ready((self.read)(body))
    }
}

/// Reads a JSON answer.
///
/// # Errors
/// It is not of that shape.
pub fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(unexpected)
}

fn unexpected(e: serde_json::Error) -> Problem {
    Problem::no_answer(format!("The answer was not what was expected: {e}"))
        .hint("Reload the page: the server may be newer than this page.")
}

/// Both JSON bodies in one array.
fn pair(one: BoxFuture<Result<Vec<u8>, Problem>>, other: BoxFuture<Result<Vec<u8>, Problem>>) -> BoxFuture<Result<Vec<u8>, Problem>> {
    Box::pin(async move {
        let (one, other) = (one.await?, other.await?);
        Ok([b"[", one.as_slice(), b",", other.as_slice(), b"]"].concat())
    })
}

#[cfg(test)]
mod tests {
    use super::Reply;

    #[test]
    fn two_answers_are_read_as_one() {
        let answer = |text: &'static str| Box::pin(async move { Ok(text.as_bytes().to_vec()) });
        let both = Reply::<u8>::json(answer("7")).and(Reply::<Vec<String>>::json(answer("[\"a\"]")));
        assert_eq!(at_once(both).unwrap(), (7, vec!["a".to_owned()]));
        assert!(at_once(Reply::<u8>::json(answer("no"))).is_err());
    }

    fn at_once<T>(reply: Reply<T>) -> Result<T, crate::api::Problem> {
        let mut reply = std::pin::pin!(reply);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        loop {
            if let std::task::Poll::Ready(out) = reply.as_mut().poll(&mut cx) {
                return out;
            }
        }
    }
}
