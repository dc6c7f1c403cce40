//! Logs: what is written, and reading them while they grow and after they were cut.

use crate::world::{Local, shell, until};
use app::api::logs::LogQuery;
use futures::StreamExt;
use server::cluster::Cluster;

fn from(offset: i64) -> LogQuery {
    LogQuery { offset: Some(offset), ..LogQuery::default() }
}

#[tokio::test]
async fn both_streams_and_our_own_words() {
    let local = Local::new();
    let spec = shell("echo one; echo two >&2; printf 'no end'");
    local.to_end(&spec).await;
    let page = local.logs().page(&spec.id, &LogQuery::default()).await.unwrap();
    let lines: Vec<_> = page.items.iter().map(|l| format!("{} {}", l.stream, l.text)).collect();
    for line in ["out one", "err two", "out no end", "slipway Ended with exit code 0."] {
        assert!(lines.iter().any(|l| l == line), "{line} in {lines:?}");
    }
    assert!(page.items.iter().all(|l| server::clock::parse_rfc3339(&l.time).is_some()));
    assert!(page.complete && page.attempt == 1 && page.attempts == 1);
    let raw = std::fs::read_to_string(local.data().join(format!("logs/{}/1.log", spec.id))).unwrap();
    assert_eq!(raw.len() as i64, page.next_offset);
}

#[tokio::test]
async fn text_without_a_line_end_is_shown_while_it_runs() {
    let local = Local::new();
    let spec = shell("printf 'your name: '; sleep 1000");
    local.local().ensure(&spec).await.unwrap();
    until("the prompt", async || local.log(&spec.id).await.contains(&"out your name: ".to_owned()).then_some(())).await;
    assert!(!local.logs().page(&spec.id, &LogQuery::default()).await.unwrap().complete);
    local.local().forget(&spec.id).await.unwrap();
}

#[tokio::test]
async fn a_line_that_never_ends_is_split() {
    let local = Local::new();
    let spec = shell("head -c 300000 /dev/zero | tr '\\0' x");
    local.to_end(&spec).await;
    let page = local.logs().page(&spec.id, &LogQuery::default()).await.unwrap();
    let pieces: Vec<_> = page.items.iter().filter(|l| l.stream == "out").map(|l| l.text.len()).collect();
    assert_eq!(pieces.iter().sum::<usize>(), 300_000);
    assert!(pieces.iter().all(|p| *p <= 64 * 1024) && pieces.len() >= 5);
}

#[tokio::test]
async fn bytes_that_are_no_text_do_no_harm() {
    let local = Local::new();
    let spec = shell("head -c 100000 /dev/urandom; echo; echo fine");
    local.to_end(&spec).await;
    assert!(local.log(&spec.id).await.contains(&"out fine".to_owned()));
}

#[tokio::test]
async fn a_log_is_cut_and_says_so() {
    let local = Local::with(64 * 1024, None);
    let spec = shell("i=0; while [ $i -lt 6000 ]; do echo \"line $i of a log that grows too large\"; i=$((i+1)); done");
    local.to_end(&spec).await;
    let size: u64 =
        std::fs::read_dir(local.data().join("logs").join(&spec.id)).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
    assert!(size <= 128 * 1024, "{size}");
    // From an offset whose lines were dropped it goes on with the oldest there is, and misses nothing after that.
    let mut numbers = Vec::new();
    let mut said = false;
    let mut offset = 0;
    loop {
        let page = local.logs().page(&spec.id, &LogQuery { limit: Some(97), ..from(offset) }).await.unwrap();
        for line in &page.items {
            said |= line.stream == "slipway" && line.text.contains("dropped");
            numbers.extend(line.text.strip_prefix("line ").and_then(|l| l.split(' ').next()?.parse::<i64>().ok()));
        }
        offset = page.next_offset;
        if page.complete {
            break;
        }
    }
    assert!(said);
    assert!(numbers.windows(2).all(|w| w[1] == w[0] + 1) && numbers.last() == Some(&5999), "{} numbers", numbers.len());
}

#[tokio::test]
async fn pages_from_the_end_and_with_a_text() {
    let local = Local::new();
    let spec = shell("i=0; while [ $i -lt 200 ]; do echo \"line $i\"; i=$((i+1)); done");
    local.to_end(&spec).await;
    let last = local.logs().page(&spec.id, &from(-100)).await.unwrap();
    assert!(last.items.len() <= 3 && last.items.iter().all(|l| !l.time.is_empty()), "{:?}", last.items);
    assert_eq!(last.items.last().unwrap().text, "Ended with exit code 0.");
    let found = local.logs().page(&spec.id, &LogQuery { contains: Some("line 19".into()), ..LogQuery::default() }).await.unwrap();
    assert_eq!(found.items.len(), 11);
    assert!(local.logs().page(&spec.id, &LogQuery { limit: Some(0), ..LogQuery::default() }).await.is_err());
    assert!(local.logs().page("../x", &LogQuery::default()).await.is_err());
    let nothing = local.logs().page("nobody", &LogQuery::default()).await.unwrap();
    assert!(nothing.items.is_empty() && !nothing.complete && nothing.attempts == 0);
}

#[tokio::test]
async fn following_gives_every_line_once_and_ends() {
    let local = Local::new();
    let spec = shell("i=0; while [ $i -lt 50 ]; do echo \"line $i\"; i=$((i+1)); sleep 0.01; done");
    let lines = {
        let follow = local.logs().follow(&spec.id, LogQuery { limit: Some(7), ..LogQuery::default() });
        tokio::pin!(follow);
        // Somebody may look before there is anything.
        local.local().ensure(&spec).await.unwrap();
        let mut lines = Vec::new();
        while let Some(page) = follow.next().await {
            lines.extend(page.unwrap().items.into_iter().filter(|l| l.stream == "out").map(|l| l.text));
        }
        lines
    };
    assert_eq!(lines, (0..50).map(|i| format!("line {i}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_download_is_the_whole_log() {
    let local = Local::with(4096, None);
    let spec = shell("i=0; while [ $i -lt 300 ]; do echo \"line $i\"; i=$((i+1)); done");
    local.to_end(&spec).await;
    let text = local.logs().text(&spec.id, None, 0).await.unwrap();
    let bytes: Vec<u8> = text.map(|b| b.unwrap().to_vec()).concat().await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.ends_with("Ended with exit code 0.\n") && text.contains("line 299"));
    assert_eq!(local.logs().attempts(&spec.id).await.unwrap(), [1]);
}
