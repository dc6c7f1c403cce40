//! Lets two halves of one task wake each other without waking the task.
//!
//! A connection and who waits for its answer tell each other of their doings by wakers. Where both are polled by the same task, each such wake would
//! have the runtime run the task once more, on another thread at that, which costs more than the answer.

use futures::task::AtomicWaker;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Rounds within one poll; then others get their turn.
const ROUNDS: usize = 8;

/// Tells what wakes from within from what wakes from outside.
pub struct Quiet {
    inner: Arc<Inner>,
    waker: Waker,
}

struct Inner {
    /// Who is told from outside.
    task: AtomicWaker,
    /// Whether the halves are being polled, or nobody waits for them.
    inside: AtomicBool,
    woken: AtomicBool,
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Noted before it is looked who polls: whoever has just ended to do so sees it.
        self.woken.store(true, Ordering::SeqCst);
        if !self.inside.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

impl Default for Quiet {
    fn default() -> Self {
        let inner = Arc::new(Inner { task: AtomicWaker::new(), inside: AtomicBool::new(true), woken: AtomicBool::new(false) });
        Self { waker: inner.clone().into(), inner }
    }
}

impl Quiet {
    /// Polls `step` for the task of `cx`, again as long as it wakes itself. When it is ready, nothing wakes the task any more.
    pub fn poll<T>(&self, cx: &mut Context<'_>, mut step: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        self.inner.task.register(cx.waker());
        for _ in 0..ROUNDS {
            self.inner.woken.store(false, Ordering::SeqCst);
            self.inner.inside.store(true, Ordering::SeqCst);
            let polled = step(&mut Context::from_waker(&self.waker));
            if polled.is_ready() {
                return polled;
            }
            self.inner.inside.store(false, Ordering::SeqCst);
            if !self.inner.woken.load(Ordering::SeqCst) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Polls `step` once, for nobody.
    pub fn look<T>(&self, step: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        self.inner.inside.store(true, Ordering::SeqCst);
        drop(self.inner.task.take());
        step(&mut Context::from_waker(&self.waker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn from_within_it_is_polled_again_and_from_outside_the_task_is_woken() {
        let task = Arc::new(Count(AtomicUsize::new(0)));
        let waker = task.clone().into();
        let mut cx = Context::from_waker(&waker);
        let woken = || task.0.load(Ordering::SeqCst);
        let quiet = Quiet::default();

        let mut kept = None;
        let mut polls = 0;
        let polled: Poll<()> = quiet.poll(&mut cx, |cx| {
            polls += 1;
            kept = Some(cx.waker().clone());
            if polls < 3 {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        });
        assert_eq!((polled, polls, woken()), (Poll::Pending, 3, 0));
        let kept = kept.unwrap();
        kept.wake_by_ref();
        assert_eq!(woken(), 1);

        assert_eq!(quiet.poll(&mut cx, |_| Poll::Ready(7)), Poll::Ready(7));
        kept.wake_by_ref();
        assert_eq!(woken(), 1, "nobody waits any more");

        let mut polls = 0;
        let polled: Poll<()> = quiet.poll(&mut cx, |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        assert_eq!((polled, polls, woken()), (Poll::Pending, ROUNDS, 2), "others get their turn, and it gets another");
    }
}
