use super::{ArtifactPath, ArtifactStore, Entry, Range};
use crate::error::{Error, Kind};
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use std::convert::Infallible;

fn store(max: u64) -> (tempfile::TempDir, ArtifactStore) {
    let folder = tempfile::tempdir().expect("folder");
    let store = ArtifactStore::open_folder(folder.path(), max).expect("store");
    (folder, store)
}

fn path(text: &str) -> ArtifactPath {
    ArtifactPath::parse(text).expect("path")
}

async fn put(store: &ArtifactStore, team: &str, at: &str, data: &[u8]) -> Result<u64, Error> {
    let chunks: Vec<Result<Bytes, Infallible>> = data.chunks(1000).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
    store.put(team, &path(at), stream::iter(chunks)).await
}

async fn get(store: &ArtifactStore, team: &str, at: &str, range: Option<Range>) -> Option<Vec<u8>> {
    let file = store.open(team, &path(at), range).await.expect("open")?;
    let all: Vec<Bytes> = file.body.try_collect().await.expect("read");
    Some(all.concat())
}

#[tokio::test]
async fn written_read_listed_deleted() {
    let (_folder, store) = store(1 << 20);
    let odd = "0/run/artifacts/images/a b#1~ü+%.png";
    assert_eq!(put(&store, "t1", odd, b"hello").await.expect("put"), 5);
    put(&store, "t1", "0/run/artifacts/z.txt", b"").await.expect("an empty file");
    assert_eq!(get(&store, "t1", odd, None).await.as_deref(), Some(&b"hello"[..]));
    assert_eq!(get(&store, "t2", odd, None).await, None, "another team sees nothing");
    assert_eq!(get(&store, "t1", "0/run/artifacts/images", None).await, None, "a folder is not a file");
    assert_eq!(get(&store, "t1", "0/run/artifacts/z.txt/below", None).await, None);

    let list = store.list("t1", &path("0/run/artifacts")).await.expect("list");
    let entry = |name: &str, size| Entry { name: name.into(), size };
    assert_eq!(list, [entry("images", None), entry("z.txt", Some(0))]);
    assert_eq!(store.list("t1", &path("0/run/artifacts/images")).await.expect("list"), [entry("a b#1~ü+%.png", Some(5))]);
    assert_eq!(store.list("t1", &path("nothing/here")).await.expect("list"), []);
    assert_eq!(store.list("t1", &path("0/run/artifacts/z.txt")).await.expect("list"), []);
    let all = store.list_all("t1", &path("0/run"), 10).await.expect("all");
    assert_eq!(all.iter().map(|f| f.path.to_string()).collect::<Vec<_>>(), ["artifacts/images/a b#1~ü+%.png", "artifacts/z.txt"]);
    assert!(store.list_all("t1", &path("0/run"), 1).await.is_err());

    assert_eq!(store.delete("t2", &path("0")).await.expect("delete"), 0);
    assert_eq!(store.delete("t1", &path("0/run/artifacts/images")).await.expect("delete"), 1);
    assert_eq!(store.delete("t1", &path("0/run/artifacts/z.txt")).await.expect("delete"), 1);
    assert_eq!(store.list("t1", &path("0")).await.expect("list"), [], "empty folders go with their last file");
}

#[tokio::test]
async fn parts_of_a_file() {
    let (_folder, store) = store(1 << 20);
    put(&store, "t", "f", b"0123456789").await.expect("put");
    assert_eq!(get(&store, "t", "f", Some(Range::Between(2, 4))).await.as_deref(), Some(&b"234"[..]));
    assert_eq!(get(&store, "t", "f", Some(Range::Between(8, u64::MAX))).await.as_deref(), Some(&b"89"[..]));
    assert_eq!(get(&store, "t", "f", Some(Range::From(7))).await.as_deref(), Some(&b"789"[..]));
    assert_eq!(get(&store, "t", "f", Some(Range::Last(3))).await.as_deref(), Some(&b"789"[..]));
    let outside = store.open("t", &path("f"), Some(Range::From(10))).await.err().expect("outside");
    assert_eq!(outside.field.as_deref(), Some("range"));
    let file = store.open("t", &path("f"), Some(Range::From(7))).await.expect("open").expect("there");
    assert_eq!((file.size, file.range), (10, 7..10));
}

#[tokio::test]
async fn large_files_and_the_limit() {
    let (folder, store) = store(12_000_000);
    let data: Vec<u8> = (0..11_000_000u32).map(|i| (i % 251) as u8).collect();
    put(&store, "t", "big", &data).await.expect("several pieces");
    assert_eq!(get(&store, "t", "big", None).await.as_deref(), Some(&data[..]));

    let more = vec![0u8; 12_000_001];
    let refused = put(&store, "t", "big", &more).await.expect_err("too large");
    assert_eq!(refused.kind, Kind::TooLarge);
    assert_eq!(get(&store, "t", "big", None).await.map(|d| d.len()), Some(data.len()), "what was there stays");

    let broken = stream::iter([Ok(Bytes::from(vec![1u8; 6_000_000])), Err("gone")]);
    let refused = store.put("t", &path("half"), broken).await.expect_err("broken");
    assert_eq!(refused.kind, Kind::Invalid);
    assert_eq!(get(&store, "t", "half", None).await, None, "half a file is never seen");
    assert_eq!(store.list("t", &ArtifactPath::root()).await.expect("list").len(), 1);
    drop(folder);
}

#[tokio::test]
async fn files_and_folders_do_not_mix() {
    let (_folder, store) = store(1 << 20);
    put(&store, "t", "a/b", b"x").await.expect("put");
    let refused = put(&store, "t", "a/b/c", b"x").await.expect_err("below a file");
    assert_eq!(refused.kind, Kind::Conflict);
    let refused = put(&store, "t", "a", b"x").await.expect_err("over a folder");
    assert_eq!(refused.kind, Kind::Conflict);
    let small = store.read("t", &path("a/b"), 1).await.expect("read").expect("there");
    assert_eq!(&small[..], b"x");
    put(&store, "t", "a/d", b"xyz").await.expect("put");
    assert_eq!(store.read("t", &path("a/d"), 2).await.expect_err("too large").kind, Kind::TooLarge);
}
