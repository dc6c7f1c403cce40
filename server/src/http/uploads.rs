//! Uploads that are refused while they come in.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use std::{pin::pin, time::Duration};

/// Most that is read of an upload nobody wants, in bytes, and how long that may take.
const MOST: usize = 64 << 20;
const WITHIN: Duration = Duration::from_secs(5);

/// Reads what is left of a refused upload, so that its sender, who does not look up before the end, reads the refusal and not a broken
/// connection.
pub async fn drain<E>(rest: impl Stream<Item = Result<Bytes, E>>) {
    let mut rest = pin!(rest);
    let mut left = MOST;
    let all = async {
        while let Some(Ok(piece)) = rest.next().await {
            let Some(now) = left.checked_sub(piece.len()) else { return };
            left = now;
        }
    };
    // Late or large: the connection is closed after the answer.
    drop(tokio::time::timeout(WITHIN, all).await);
}
