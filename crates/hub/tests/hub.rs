//! The hub crate against a double of the hub that misbehaves.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use embert_hub::{Event, Hub, HubBuilder, HubError, LocalFiles};
use embert_tests::hub_double::{COMMIT, Fault, HubDouble, OTHER_COMMIT, Repository};
use tempfile::TempDir;

const MODEL: &str = "owner/bert";
const LENGTH: usize = 300_000;

/// Bytes without a pattern that a shifted copy would match.
fn content(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..LENGTH).map(step).collect()
}

fn model() -> Repository {
    Repository::model(MODEL)
        .alias("bert")
        .file("README.md", "# A model")
        .file("config.json", "{\"model_type\":\"bert\"}")
        .file("vocab.txt", "[PAD]\n[UNK]\n")
        .file("model.safetensors", content(1))
        .file("pytorch_model.bin", content(2))
}

fn builder(double: &HubDouble, cache: &TempDir) -> HubBuilder {
    Hub::builder()
        .unwrap()
        .endpoint(double.endpoint())
        .cache(cache.path())
        .offline(false)
        .timeout(Duration::from_secs(1))
        .retries(3, Duration::from_millis(5))
}

fn fetch(hub: &Hub) -> Result<LocalFiles, HubError> {
    hub.model(MODEL, &mut |_| {})
}

fn weights(files: &LocalFiles) -> Vec<u8> {
    fs::read(files.folder.join("model.safetensors")).unwrap()
}

/// All files below a folder, links not followed.
fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                names.push(entry.file_name().into_string().unwrap());
            }
        }
    }
    names.sort();
    names
}

#[test]
fn a_model_is_fetched_into_the_layout_of_huggingface_hub() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    let mut events = Vec::new();
    let hub = builder(&double, &cache).token("hf_secret").build();
    let files = hub.model(MODEL, &mut |event| events.push(format!("{event:?}"))).unwrap();

    let repository = cache.path().join("models--owner--bert");
    assert_eq!(files.folder, repository.join("snapshots").join(COMMIT));
    assert_eq!(files.commit.as_deref(), Some(COMMIT));
    assert_eq!(fs::read_to_string(repository.join("refs/main")).unwrap(), COMMIT);
    // Only what is needed, and no second weight format.
    assert_eq!(names(&files.folder), ["README.md", "config.json", "model.safetensors", "vocab.txt"]);
    assert_eq!(files.files.len(), 4);
    assert_eq!(weights(&files), content(1));
    let link = fs::read_link(files.folder.join("model.safetensors")).unwrap();
    assert!(link.starts_with("../../blobs"), "{link:?}");
    assert_eq!(link.file_name().unwrap().len(), 64);
    assert_eq!(fs::read_link(files.folder.join("vocab.txt")).unwrap().file_name().unwrap().len(), 40);
    assert!(!names(&repository.join("blobs")).iter().any(|name| name.ends_with(".incomplete")));
    assert!(repository.join(".no_exist").join(COMMIT).join("tokenizer.json").is_file());
    assert!(events.iter().any(|event| event.contains("Finished") && event.contains("300000")));

    // The token goes to the hub and not to the store that the hub redirects to.
    for seen in double.seen() {
        let expected = (!seen.at_store).then(|| "Bearer hf_secret".to_owned());
        assert_eq!(seen.authorization, expected, "{seen:?}");
    }
}

#[test]
fn what_is_cached_is_not_fetched_again() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    let hub = builder(&double, &cache).build();
    let first = fetch(&hub).unwrap();
    double.forget();
    let mut cached = 0;
    let again =
        hub.model(MODEL, &mut |event| cached += usize::from(matches!(event, Event::Cached { .. }))).unwrap();
    assert_eq!(again, first);
    assert_eq!(cached, 4);
    assert_eq!(double.seen().len(), 1, "one question for the commit: {:?}", double.seen());
    // A full commit id needs no request.
    double.forget();
    let pinned = hub.model(&format!("{MODEL}@{COMMIT}"), &mut |_| {}).unwrap();
    assert_eq!(pinned, first);
    assert_eq!(double.seen(), []);
}

#[test]
fn a_bare_name_is_redirected_and_cached_under_the_name_given() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    let files = builder(&double, &cache).build().model("bert", &mut |_| {}).unwrap();
    assert_eq!(files.folder, cache.path().join("models--bert/snapshots").join(COMMIT));
    assert_eq!(weights(&files), content(1));
}

#[test]
fn a_folder_is_used_as_it_is() {
    let (double, cache) = (HubDouble::start([]), TempDir::new().unwrap());
    let folder = TempDir::new().unwrap();
    let files = builder(&double, &cache).build().model(folder.path().to_str().unwrap(), &mut |_| {}).unwrap();
    assert_eq!((files.folder.as_path(), files.commit), (folder.path(), None));
    assert_eq!(double.seen(), []);
}

#[test]
fn shards_are_those_of_the_index() {
    let index =
        r#"{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"#;
    let sharded = Repository::model(MODEL)
        .file("config.json", "{}")
        .file("model.safetensors.index.json", index)
        .file("model-00001-of-00002.safetensors", content(1))
        .file("model-00002-of-00002.safetensors", content(2))
        .file("other.safetensors", content(3));
    let (double, cache) = (HubDouble::start([sharded]), TempDir::new().unwrap());
    let files = fetch(&builder(&double, &cache).build()).unwrap();
    assert_eq!(
        names(&files.folder),
        [
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json"
        ]
    );
    let offline = fetch(&builder(&double, &cache).offline(true).build()).unwrap();
    assert_eq!(offline, files);
}

#[test]
fn a_download_that_is_cut_goes_on_where_it_stopped() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    double.set_fault(Fault::Cut { times: 2 });
    let files = fetch(&builder(&double, &cache).build()).unwrap();
    assert_eq!(weights(&files), content(1));
    let ranges: Vec<_> =
        double.seen().into_iter().filter(|s| s.at_store && s.method == "GET").map(|s| s.range).collect();
    assert_eq!(ranges, [None, Some("bytes=150000-".into()), Some("bytes=225000-".into())]);
}

#[test]
fn the_next_run_goes_on_where_the_last_one_stopped() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    double.set_fault(Fault::Cut { times: 1 });
    let error = fetch(&builder(&double, &cache).retries(0, Duration::ZERO).build()).unwrap_err();
    assert!(matches!(error, HubError::Interrupted { received: 150_000, .. }), "{error:?}");
    double.forget();
    let mut resumed = Vec::new();
    let hub = builder(&double, &cache).build();
    let files = hub
        .model(MODEL, &mut |event| {
            if let Event::Started { file: "model.safetensors", resumed: bytes, total } = event {
                resumed.push((bytes, total));
            }
        })
        .unwrap();
    assert_eq!(resumed, [(150_000, Some(300_000))]);
    assert!(double.seen().iter().any(|seen| seen.range.as_deref() == Some("bytes=150000-")));
    assert_eq!(weights(&files), content(1));
}

#[test]
fn a_server_without_ranges_sends_all_of_it_again() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    double.set_fault(Fault::Cut { times: 1 });
    fetch(&builder(&double, &cache).retries(0, Duration::ZERO).build()).unwrap_err();
    double.set_fault(Fault::NoRange);
    let files = fetch(&builder(&double, &cache).build()).unwrap();
    assert_eq!(weights(&files), content(1));
}

#[test]
fn a_leftover_that_is_wrong_is_noticed_and_replaced() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    double.set_fault(Fault::Cut { times: 1 });
    fetch(&builder(&double, &cache).retries(0, Duration::ZERO).build()).unwrap_err();
    let blobs = cache.path().join("models--owner--bert/blobs");
    let incomplete = names(&blobs).into_iter().find(|name| name.ends_with(".incomplete")).unwrap();
    for leftover in [vec![7; 1000], vec![7; 300_000], vec![7; 400_000]] {
        fs::write(blobs.join(&incomplete), leftover).unwrap();
        let files = fetch(&builder(&double, &cache).build()).unwrap();
        assert_eq!(weights(&files), content(1));
        fs::remove_dir_all(&files.folder).unwrap();
        fs::remove_file(blobs.join(incomplete.trim_end_matches(".incomplete"))).unwrap();
    }
}

#[test]
fn a_flipped_byte_is_noticed_and_the_file_fetched_again() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    double.set_fault(Fault::Corrupt { times: 2 });
    let files = fetch(&builder(&double, &cache).build()).unwrap();
    assert_eq!(weights(&files), content(1));
    let downloads = double.seen().iter().filter(|s| s.at_store && s.method == "GET").count();
    assert_eq!(downloads, 3);
}

#[test]
fn a_file_that_stays_wrong_is_an_error_and_nothing_of_it_is_kept() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    double.set_fault(Fault::Corrupt { times: usize::MAX });
    let error = fetch(&builder(&double, &cache).build()).unwrap_err();
    assert!(
        matches!(&error, HubError::WrongContent { file, attempts: 3, .. } if file == "model.safetensors"),
        "{error:?}"
    );
    let repository = cache.path().join("models--owner--bert");
    assert!(!names(&repository.join("snapshots")).contains(&"model.safetensors".to_owned()));
    assert!(names(&repository.join("blobs")).iter().all(|name| name.len() == 40), "only git blobs are there");
    assert!(!repository.join("refs/main").exists());
}

#[test]
fn a_stalled_download_ends_within_its_time_limit() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    double.set_fault(Fault::Stall);
    let start = Instant::now();
    let error = fetch(&builder(&double, &cache).build()).unwrap_err();
    let HubError::Interrupted { source, attempts: 3, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(**source, HubError::Stalled { .. }), "{source:?}");
    let seconds = start.elapsed().as_secs_f32();
    assert!((2.9..9.0).contains(&seconds), "three time limits of 1 s took {seconds} s");
}

#[test]
fn a_silent_hub_is_given_up() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    double.set_fault(Fault::Silence);
    let start = Instant::now();
    let error = fetch(&builder(&double, &cache).build()).unwrap_err();
    assert!(matches!(error, HubError::Unreachable { .. }), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_server_error_is_tried_again() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    // A large file takes two requests here: a fault in every second request would always hit the same one.
    for n in [3, 4] {
        double.set_fault(Fault::EveryNth { n, status: 500 });
        let files = fetch(&builder(&double, &cache).build()).unwrap();
        assert_eq!(weights(&files), content(1));
        fs::remove_dir_all(cache.path().join("models--owner--bert")).unwrap();
    }
}

#[test]
fn refusals_are_told_apart() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    let hub = builder(&double, &cache).token("hf_wrong").build();
    let refused = |status, code| {
        double.set_fault(Fault::Refuse { status, code });
        fetch(&hub).unwrap_err()
    };
    assert!(matches!(refused(401, ""), HubError::Unauthorized { status: 401, .. }));
    assert!(matches!(refused(403, ""), HubError::Unauthorized { status: 403, .. }));
    assert!(matches!(refused(403, "GatedRepo"), HubError::Gated { .. }));
    assert!(matches!(refused(401, "RepoNotFound"), HubError::RepositoryNotFound { .. }));
    // None of these refusals is tried again.
    assert_eq!(double.seen().len(), 4);
    assert_eq!(names(cache.path()), [""; 0]);
}

#[test]
fn the_reason_of_a_refusal_may_stand_in_its_body() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    double.set_fault(Fault::Explain { status: 403, reason: "blocked by the proxy" });
    let error = fetch(&builder(&double, &cache).token("hf_mine").build()).unwrap_err();
    assert!(error.to_string().contains("blocked by the proxy"), "{error}");
}

/// The time limit is for each piece of an answer: here the list of files takes twice as long.
#[test]
fn a_list_that_comes_slowly_is_waited_for() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    double.set_fault(Fault::Trickle { pause: Duration::from_millis(250) });
    let files = fetch(&builder(&double, &cache).build()).unwrap();
    assert_eq!(weights(&files), content(1));
    assert_eq!(double.seen().iter().filter(|seen| seen.path.starts_with("/api/")).count(), 1);
}

#[test]
fn what_is_not_there_is_named() {
    let only_bin =
        Repository::model("owner/old").file("config.json", "{}").file("pytorch_model.bin", content(1));
    let data = Repository::dataset("owner/data").file("a.csv", "x").file("b.csv", "y");
    let (double, cache) = (HubDouble::start([model(), only_bin, data]), TempDir::new().unwrap());
    let hub = builder(&double, &cache).build();
    let model = |name: &str| hub.model(name, &mut |_| {}).unwrap_err();
    assert!(
        matches!(model("owner/nothing"), HubError::RepositoryNotFound { id, .. } if id == "owner/nothing")
    );
    assert!(
        matches!(model("owner/bert@v9"), HubError::RevisionNotFound { revision, .. } if revision == "v9")
    );
    assert!(
        matches!(model("owner/old"), HubError::NoSafetensors { found, .. } if found == "pytorch_model.bin")
    );
    let error = hub.dataset("owner/data", None, &["c.csv"], &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "`owner/data` has no file `c.csv`; it has a.csv, b.csv");
}

#[test]
fn a_data_set_is_fetched_by_name_and_by_pattern() {
    let data = Repository::dataset("owner/data")
        .alias("data")
        .file("README.md", "# Data")
        .file("plain_text/test.parquet", content(4))
        .file("plain_text/train.parquet", content(3));
    let (double, cache) = (HubDouble::start([data]), TempDir::new().unwrap());
    let hub = builder(&double, &cache).build();
    let files = hub.dataset("data", None, &["plain_text/train.parquet"], &mut |_| {}).unwrap();
    assert_eq!(files.folder, cache.path().join("datasets--data/snapshots").join(COMMIT));
    assert_eq!(files.files, [files.folder.join("plain_text/train.parquet")]);
    assert_eq!(fs::read(&files.files[0]).unwrap(), content(3));
    let both = hub.dataset("data", Some("main"), &["**/*.parquet"], &mut |_| {}).unwrap();
    assert_eq!(both.files.len(), 2);
    // Without the hub, a file in the cache is found by its name, and any other file is an error.
    let offline = builder(&double, &cache).offline(true).build();
    let again = offline.dataset("data", None, &["plain_text/test.parquet"], &mut |_| {}).unwrap();
    assert_eq!(fs::read(&again.files[0]).unwrap(), content(4));
    let error = offline.dataset("data", None, &["README.md"], &mut |_| {}).unwrap_err();
    assert!(matches!(error, HubError::Offline { .. }), "{error:?}");
}

#[test]
fn offline_answers_from_the_cache_only() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    let offline = builder(&double, &cache).offline(true).build();
    let error = fetch(&offline).unwrap_err();
    assert!(matches!(error, HubError::Offline { .. }), "{error:?}");
    assert!(error.to_string().contains("cargo xtask fetch --model owner/bert"), "{error}");
    let online = fetch(&builder(&double, &cache).build()).unwrap();
    double.forget();
    assert_eq!(fetch(&offline).unwrap(), online);
    assert_eq!(double.seen(), []);
}

#[test]
fn without_network_the_cache_will_do() {
    let cache = TempDir::new().unwrap();
    let double = HubDouble::start([model()]);
    let hub = builder(&double, &cache).endpoint("http://127.0.0.1:9").build();
    let error = fetch(&hub).unwrap_err();
    assert!(matches!(error, HubError::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("not in the cache") && text.contains("the hub can't be reached"), "{text}");
    let nonsense = fetch(&builder(&double, &cache).endpoint("nonsense").build()).unwrap_err();
    assert!(matches!(nonsense, HubError::InvalidSetting { name: "HF_ENDPOINT", .. }), "{nonsense:?}");
    let online = fetch(&builder(&double, &cache).build()).unwrap();
    assert_eq!(fetch(&hub).unwrap(), online);
    // A hub that answers each request with 503 counts as unreachable.
    double.set_fault(Fault::EveryNth { n: 1, status: 503 });
    assert_eq!(fetch(&builder(&double, &cache).build()).unwrap(), online);
}

#[test]
fn two_that_fetch_at_once_both_succeed_and_download_once() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    let all: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| fetch(&builder(&double, &cache).build()).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for files in &all {
        assert_eq!(weights(files), content(1));
    }
    let downloads = double.seen().iter().filter(|s| s.at_store && s.method == "GET").count();
    assert_eq!(downloads, 1);
}

#[test]
fn a_damaged_cache_is_mended_when_asked_to_look() {
    let (double, cache) = (HubDouble::start([model()]), TempDir::new().unwrap());
    let files = fetch(&builder(&double, &cache).build()).unwrap();
    let path = files.folder.join("model.safetensors");
    let mut bytes = content(1);
    bytes[5] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(weights(&fetch(&builder(&double, &cache).build()).unwrap()), bytes, "nobody asked");
    let offline = builder(&double, &cache).offline(true).verify_cache(true).build();
    assert!(matches!(fetch(&offline), Err(HubError::Damaged { .. })));
    let mended = fetch(&builder(&double, &cache).verify_cache(true).build()).unwrap();
    assert_eq!(weights(&mended), content(1));
    fetch(&offline).unwrap();
}

#[test]
fn what_a_data_sets_repository_has_is_known_without_the_hub() {
    let data = Repository::dataset("owner/data")
        .file("README.md", "# Data")
        .file("b.csv", "x")
        .file("a.csv", "y")
        .revision("refs/convert/parquet")
        .file("default/train/0000.csv", "z");
    let (double, cache) = (HubDouble::start([data]), TempDir::new().unwrap());
    let hub = builder(&double, &cache).build();
    let mut repository = hub.dataset_repository("owner/data", None).unwrap();
    assert!(repository.is_whole());
    assert_eq!(repository.files(), ["README.md", "a.csv", "b.csv"]);
    let readme = repository.peek("README.md", &mut |_| {}).unwrap().unwrap();
    assert_eq!(fs::read_to_string(readme).unwrap(), "# Data");
    assert_eq!(repository.peek("no.md", &mut |_| {}).unwrap(), None);
    // The cache has no commit for `main` until data are fetched.
    assert!(!cache.path().join("datasets--owner--data/refs/main").exists());
    let files = repository.fetch(&["a.csv".to_owned()], &mut |_| {}).unwrap();
    assert_eq!(files.commit.as_deref(), Some(COMMIT));
    assert!(matches!(
        repository.fetch(&["c.csv".to_owned()], &mut |_| {}),
        Err(HubError::FileNotFound { .. })
    ));

    double.forget();
    let offline = builder(&double, &cache).offline(true).build();
    let mut known = offline.dataset_repository("owner/data", None).unwrap();
    assert!(known.is_whole());
    assert_eq!(known.files(), ["README.md", "a.csv", "b.csv"]);
    assert_eq!(known.fetch(&["a.csv".to_owned()], &mut |_| {}).unwrap(), files);
    let message = known.fetch(&["b.csv".to_owned()], &mut |_| {}).unwrap_err().to_string();
    assert!(
        message.contains("b.csv") && message.contains("cargo xtask fetch --dataset owner/data"),
        "{message}"
    );
    let message = offline.dataset_repository("owner/data", Some("v2")).unwrap_err().to_string();
    assert!(message.contains("hf download --repo-type dataset owner/data --revision v2"), "{message}");
    assert!(double.seen().is_empty());
    // A full commit id needs no request for the list, and a missing file is fetched.
    let mut pinned = hub.dataset_repository("owner/data", Some(COMMIT)).unwrap();
    assert!(double.seen().is_empty());
    pinned.fetch(&["b.csv".to_owned()], &mut |_| {}).unwrap();

    let mut parquet = hub.dataset_repository("owner/data", Some("refs/convert/parquet")).unwrap();
    assert_eq!(
        (parquet.commit(), parquet.files()),
        (OTHER_COMMIT, &["default/train/0000.csv".to_owned()][..])
    );
    let names = parquet.files().to_vec();
    assert_eq!(fs::read_to_string(&parquet.fetch(&names, &mut |_| {}).unwrap().files[0]).unwrap(), "z");
}
