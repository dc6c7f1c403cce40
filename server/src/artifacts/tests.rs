use super::{ArtifactPath, ArtifactStore, Entry, Place, Range};
use crate::{
    config::{
        Artifacts,
        artifacts::{Credentials, S3},
    },
    error::{Error, Kind},
    ids,
};
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use std::{convert::Infallible, time::Duration};

/// The bucket of an S3 server; its URL is given in TEST_S3 with a user who may use the bucket `slipway`, as end2end/s3/run.sh does.
#[expect(clippy::disallowed_methods, reason = "where the server is, is told by whoever started it")]
fn s3(prefix: &str) -> Option<S3> {
    let Ok(endpoint) = std::env::var("TEST_S3") else {
        println!("SKIPPED on S3: there is no server (TEST_S3 is not set)");
        return None;
    };
    let of = |name: &str| std::env::var(name).expect(name);
    let credentials = Credentials { access_key_id: of("TEST_S3_ID"), secret_access_key: of("TEST_S3_SECRET"), session_token: None };
    Some(S3 {
        bucket: "slipway".into(),
        prefix: prefix.into(),
        endpoint: Some(endpoint),
        region: None,
        path_style: true,
        credentials: Some(credentials),
    })
}

/// Runs a test on a folder and, where there is a server, on S3.
async fn each<F: Future<Output = ()>>(max: u64, test: impl Fn(ArtifactStore) -> F) {
    let folder = tempfile::tempdir().expect("folder");
    test(ArtifactStore::open_folder(folder.path(), max).expect("store")).await;
    if let Some(told) = s3(&format!("tests/{}", ids::random_secret())) {
        test(ArtifactStore::at(&Artifacts::S3(told), max).expect("store")).await;
    }
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
    each(1 << 20, |store| async move {
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
    })
    .await;
}

#[tokio::test]
async fn parts_of_a_file() {
    each(1 << 20, |store| async move {
        put(&store, "t", "f", b"0123456789").await.expect("put");
        assert_eq!(get(&store, "t", "f", Some(Range::Between(2, 4))).await.as_deref(), Some(&b"234"[..]));
        assert_eq!(get(&store, "t", "f", Some(Range::Between(8, u64::MAX))).await.as_deref(), Some(&b"89"[..]));
        assert_eq!(get(&store, "t", "f", Some(Range::From(7))).await.as_deref(), Some(&b"789"[..]));
        assert_eq!(get(&store, "t", "f", Some(Range::Last(3))).await.as_deref(), Some(&b"789"[..]));
        let outside = store.open("t", &path("f"), Some(Range::From(10))).await.err().expect("outside");
        assert_eq!(outside.field.as_deref(), Some("range"));
        let file = store.open("t", &path("f"), Some(Range::From(7))).await.expect("open").expect("there");
        assert_eq!((file.size, file.range), (10, 7..10));
    })
    .await;
}

#[tokio::test]
async fn large_files_and_the_limit() {
    each(12_000_000, |store| async move {
        let data: Vec<u8> = (0..11_000_000u32).map(|i| (i % 251) as u8).collect();
        put(&store, "t", "big", &data).await.expect("several pieces");
        assert!(get(&store, "t", "big", None).await.as_deref() == Some(&data[..]), "every piece in its place");

        let more = vec![0u8; 12_000_001];
        let refused = put(&store, "t", "big", &more).await.expect_err("too large");
        assert_eq!(refused.kind, Kind::TooLarge);
        assert_eq!(get(&store, "t", "big", None).await.map(|d| d.len()), Some(data.len()), "what was there stays");

        let broken = stream::iter([Ok(Bytes::from(vec![1u8; 6_000_000])), Err("gone")]);
        let refused = store.put("t", &path("half"), broken).await.expect_err("broken");
        assert_eq!(refused.kind, Kind::Invalid);
        assert_eq!(get(&store, "t", "half", None).await, None, "half a file is never seen");
        assert_eq!(store.list("t", &ArtifactPath::root()).await.expect("list").len(), 1);
        taken_back(&store).await;
    })
    .await;
}

/// What was sent of broken uploads goes by itself, a moment later.
async fn taken_back(store: &ArtifactStore) {
    for _ in 0..100 {
        let left = match &store.place {
            Place::Folder(folder) => std::fs::read_dir(folder.join("t")).expect("folder").count() - 1,
            Place::S3(bucket) => bucket.begun().await.expect("uploads").len(),
        };
        if left == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a broken upload stays behind");
}

#[tokio::test]
async fn what_a_crash_leaves_is_swept() {
    each(1 << 20, |store| async move {
        put(&store, "t", "a/whole", b"x").await.expect("put");
        match &store.place {
            Place::Folder(folder) => std::fs::write(folder.join("t/a/half#1"), "x").expect("half a file"),
            Place::S3(bucket) => drop(bucket.begin(&store.key("t", &path("a/half"))).await),
        }
        assert_eq!(store.sweep(0).await.expect("sweep"), 0, "what was begun just now may come to its end");
        assert_eq!(store.sweep(i64::MAX).await.expect("sweep"), 1);
        assert_eq!(store.sweep(i64::MAX).await.expect("sweep"), 0);
        assert_eq!(store.list("t", &path("a")).await.expect("list").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn files_and_folders_do_not_mix() {
    each(1 << 20, |store| async move {
        put(&store, "t", "a/b", b"x").await.expect("put");
        let refused = put(&store, "t", "a/b/c", b"x").await.expect_err("below a file");
        assert_eq!(refused.kind, Kind::Conflict);
        let refused = put(&store, "t", "a", b"x").await.expect_err("over a folder");
        assert_eq!(refused.kind, Kind::Conflict);
        let small = store.read("t", &path("a/b"), 1).await.expect("read").expect("there");
        assert_eq!(&small[..], b"x");
        put(&store, "t", "a/d", b"xyz").await.expect("put");
        assert_eq!(store.read("t", &path("a/d"), 2).await.expect_err("too large").kind, Kind::TooLarge);
    })
    .await;
}

/// More than one page of a listing.
#[tokio::test]
async fn a_thousand_files_and_one() {
    each(1 << 20, |store| async move {
        let names: Vec<String> = (0..1001).map(|i| format!("many/{i:04}")).collect();
        let all = stream::iter(names.iter().map(Ok::<_, Error>));
        all.try_for_each_concurrent(8, async |name| put(&store, "t", name, b"x").await.map(drop)).await.expect("put");
        assert_eq!(store.list("t", &path("many")).await.expect("list").len(), 1001);
        assert_eq!(store.list_all("t", &path("many"), 2000).await.expect("list").len(), 1001);
        assert_eq!(store.delete("t", &path("many")).await.expect("delete"), 1001);
        assert_eq!(store.list("t", &ArtifactPath::root()).await.expect("list"), []);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_fails_is_told_in_sentences() {
    let Some(told) = s3("tests/none") else { return };
    let fine = ArtifactStore::trial(&told).await.expect("a server that works");
    assert_eq!(fine.no_sweep, None);

    let id = |id: &str| S3 { credentials: told.credentials.clone().map(|c| Credentials { access_key_id: id.into(), ..c }), ..told.clone() };
    let secret =
        S3 { credentials: told.credentials.clone().map(|c| Credentials { secret_access_key: "wrong".into(), ..c }), ..told.clone() };
    // A port that nobody listens on.
    let nowhere = S3 { endpoint: Some("http://127.0.0.1:9".into()), ..told.clone() };
    let bucket = S3 { bucket: "no-such-bucket".into(), ..told.clone() };
    for (told, kind, sentence, fix) in [
        (id("nobody"), Kind::Upstream, "The artifact store refuses the portal.", "s3_access_key_id"),
        (secret, Kind::Upstream, "The artifact store refuses the portal.", "s3_access_key_id"),
        (nowhere, Kind::Unavailable, "The artifact store does not answer.", "s3_endpoint"),
        (bucket, Kind::Upstream, "The bucket of the artifact store does not exist.", "Make the bucket"),
    ] {
        let store = ArtifactStore::at(&Artifacts::S3(told.clone()), 1 << 20).expect("nothing is asked yet");
        let error = put(&store, "t", "f", b"x").await.expect_err("put");
        assert_eq!((error.kind, error.public.as_str()), (kind, sentence), "{error}");
        assert_eq!(store.list("t", &path("f")).await.expect_err("list").public, sentence);
        let failed = ArtifactStore::trial(&told).await.expect_err("trial");
        assert!(failed.fix.contains(fix), "{failed:?}");
    }
}
