//! Bodies on their way: one that can be taken back while nobody has read of it, and one that says when its end was reached.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};
use tokio::time::Instant;

/// Most that is read of a body nobody wants, in bytes, and how long that may take.
const DRAIN_MOST: usize = 256 << 10;
const DRAIN_WITHIN: std::time::Duration = std::time::Duration::from_millis(500);

/// A body that is lent to a connection; where that breaks before anything was read of it, it is lent again.
pub struct Lender<B>(Arc<Shared<B>>);

struct Shared<B> {
    body: Mutex<(B, Instant)>,
    touched: AtomicBool,
}

/// The body as a connection sees it.
pub struct Lent<B>(Arc<Shared<B>>);

impl<B> Shared<B> {
    fn body(&self) -> MutexGuard<'_, (B, Instant)> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> Lender<B> {
    /// Has this body to lend.
    pub fn new(body: B) -> Self {
        Self(Arc::new(Shared { body: Mutex::new((body, Instant::now())), touched: AtomicBool::new(false) }))
    }

    /// Lends it.
    pub fn lend(&self) -> Lent<B> {
        Lent(self.0.clone())
    }

    /// Whether anything was read of it.
    pub fn touched(&self) -> bool {
        self.0.touched.load(Ordering::Acquire)
    }

    /// When something was read of it last; when it was made, where nothing was.
    pub fn moved_at(&self) -> Instant {
        self.0.body().1
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Lent<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.0.touched.store(true, Ordering::Release);
        let mut body = self.0.body();
        let polled = Pin::new(&mut body.0).poll_frame(cx);
        if polled.is_ready() {
            body.1 = Instant::now();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.body().0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.body().0.size_hint()
    }
}

/// Reads what is left of a small body, so that the caller, still sending, reads our answer and not a broken connection. In a box: it takes no
/// room in the future of a request that is answered.
pub fn drain<'a, B: Body<Data = Bytes> + Unpin + Send + 'a>(mut body: B) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
    Box::pin(async move {
        let mut left = DRAIN_MOST;
        let all = async {
            while let Some(Ok(frame)) = body.frame().await {
                let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return };
                left = rest;
            }
        };
        // Late or large: the connection is closed after the answer.
        drop(tokio::time::timeout(DRAIN_WITHIN, all).await);
    })
}

/// A body that drops `done` when its end was reached, or when nobody wants it any more.
pub struct Watched<B, D> {
    body: B,
    done: Option<D>,
}

impl<B, D> Watched<B, D> {
    /// Watches `body`.
    pub const fn new(body: B, done: D) -> Self {
        Self { body, done: Some(done) }
    }
}

impl<B: Body + Unpin, D: Unpin> Body for Watched<B, D> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) || (polled.is_ready() && self.body.is_end_stream()) {
            self.done = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
