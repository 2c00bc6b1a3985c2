//! [`Remote`]: requests to the hub for a repository's files, a file's hash, and a file's content.

use std::fmt;
use std::io::{self, Read as _};
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_LENGTH, ETAG, HeaderMap, RANGE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Method, Url};
use serde::Deserialize;

use crate::digest::ContentHash;
use crate::error::HubError;
use crate::kind::Kind;
use crate::retry::Retry;
use crate::settings::Settings;
use crate::source::{RepositoryId, is_commit, is_plain_path};

const USER_AGENT: &str = concat!("embert/", env!("CARGO_PKG_VERSION"));
/// A host that does not answer is given up sooner than one that is slow.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Repetitions of a failed request for a listing: more would only delay the use of the cache.
const LISTING_RETRIES: u32 = 3;
/// The most bytes that are read of a list of files: some million names.
const MAX_LISTING: u64 = 256 << 20;
/// The most bytes that are read of a refusal's body.
const MAX_REFUSAL: u64 = 64 << 10;
const MAX_REDIRECTS: usize = 10;

/// The files of a repository at a revision.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The hub's own name of the repository: `bert-base-uncased` is `google-bert/bert-base-uncased`.
    pub(crate) canonical: String,
    pub(crate) commit: String,
    pub(crate) files: Vec<String>,
}

/// The part of the hub's description of a repository that is read.
#[derive(Deserialize)]
struct RepositoryInfo {
    id: String,
    /// The commit.
    sha: Option<String>,
    siblings: Option<Vec<Sibling>>,
}

/// A file of a repository.
#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

/// A file's address, hash and size.
#[derive(Clone, Debug)]
pub(crate) struct FileFacts {
    pub(crate) url: Url,
    pub(crate) hash: ContentHash,
    /// Bytes.
    pub(crate) size: Option<u64>,
}

/// The connection to the hub.
pub(crate) struct Remote {
    endpoint: String,
    token: Option<String>,
    /// For listings, whose redirects may lead to another host.
    listings: Client,
    questions: Client,
    downloads: Client,
    retry: Retry,
    metadata_timeout: Duration,
    download_timeout: Duration,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Remote {
    pub(crate) fn new(settings: &Settings, retry: Retry) -> Result<Self, HubError> {
        let setup = |source| HubError::Setup { source };
        let connect = |timeout: Duration| timeout.min(CONNECT_TIMEOUT);
        let client = |timeout| {
            // In the blocking client this timeout limits the wait for the head and for each piece of the
            // body, not the whole request.
            Client::builder().user_agent(USER_AGENT).connect_timeout(connect(timeout)).timeout(timeout)
        };
        // A large file's hash stands in the head of the hub's redirect to its store, not in the store's
        // answer: redirects within the hub (a repository that was renamed) are followed, and a redirect out
        // of the hub is the answer.
        let within_the_hub = Policy::custom(|attempt| {
            let same = attempt.previous().last().is_some_and(|from| from.origin() == attempt.url().origin());
            if attempt.previous().len() > MAX_REDIRECTS {
                attempt.error("too many redirects")
            } else if same {
                attempt.follow()
            } else {
                attempt.stop()
            }
        });
        Ok(Self {
            endpoint: settings.endpoint.clone(),
            token: settings.token.clone(),
            listings: client(settings.metadata_timeout).build().map_err(setup)?,
            questions: client(settings.metadata_timeout).redirect(within_the_hub).build().map_err(setup)?,
            downloads: client(settings.download_timeout).build().map_err(setup)?,
            retry: Retry { retries: retry.retries.min(LISTING_RETRIES), ..retry },
            metadata_timeout: settings.metadata_timeout,
            download_timeout: settings.download_timeout,
        })
    }

    /// Asks the hub for the commit of a revision and the list of its files.
    pub(crate) fn listing(&self, kind: Kind, id: &RepositoryId) -> Result<Listing, HubError> {
        let url = self.listing_url(kind, id)?;
        let mut failures = 0;
        let info = loop {
            match self.repository_info(kind, id, &url) {
                Err(error) if error.is_retryable() && failures < self.retry.retries => {
                    tracing::debug!(repository = %id, %error, "asking again for the list of files");
                    failures += 1;
                    std::thread::sleep(self.retry.delay(failures));
                }
                other => break other?,
            }
        };
        let unexpected = |what: String| HubError::UnexpectedAnswer {
            url: format!("{}/api/{}/{}", self.endpoint, kind.plural(), id.id()),
            what,
        };
        // The names become paths in the cache, so a name that leads out of the cache is refused.
        let canonical =
            RepositoryId::new(&info.id, None).map_or_else(|_| id.id().to_owned(), |c| c.id().to_owned());
        let commit =
            info.sha.filter(|c| is_commit(c)).ok_or_else(|| unexpected("it names no commit".into()))?;
        let siblings = info.siblings.ok_or_else(|| unexpected("it lists no files".into()))?;
        let mut files: Vec<_> = siblings.into_iter().map(|sibling| sibling.rfilename).collect();
        files.sort();
        if let Some(file) = files.iter().find(|file| !is_plain_path(file)) {
            return Err(unexpected(format!("`{file}` is no file name")));
        }
        Ok(Listing { canonical, commit, files })
    }

    /// Makes one request for a listing.
    fn repository_info(&self, kind: Kind, id: &RepositoryId, url: &Url) -> Result<RepositoryInfo, HubError> {
        let failed = |error| HubError::transport(url.as_str(), self.metadata_timeout, error);
        let answer = self.request(&self.listings, Method::GET, url).send().map_err(failed)?;
        if !answer.status().is_success() {
            let mut refused = Answer::of(&answer);
            refused.message = refused.message.or_else(|| stated_error(answer));
            return Err(self.meaning(kind, id, None, &refused));
        }
        // `Response::bytes` would have the whole body in the time that is granted to each piece here.
        let mut body = Vec::new();
        answer
            .take(MAX_LISTING)
            .read_to_end(&mut body)
            .map_err(|error| HubError::body(url.as_str(), self.metadata_timeout, error))?;
        serde_json::from_slice(&body).map_err(|error| HubError::UnexpectedAnswer {
            url: url.to_string(),
            what: format!("it does not describe a repository: {error}"),
        })
    }

    /// Asks the hub for a file's hash and size.
    pub(crate) fn facts(
        &self,
        kind: Kind,
        id: &RepositoryId,
        listing: &Listing,
        file: &str,
    ) -> Result<FileFacts, HubError> {
        let url = self.file_url(kind, listing, file)?;
        let answer = self
            .request(&self.questions, Method::HEAD, &url)
            .send()
            .map_err(|error| HubError::transport(url.as_str(), self.metadata_timeout, error))?;
        let status = answer.status();
        if !status.is_success() && !status.is_redirection() {
            return Err(self.refusal(kind, id, Some(file), &answer));
        }
        let headers = answer.headers();
        let etag = text(headers, "x-linked-etag").or_else(|| text(headers, ETAG.as_str()));
        let size = text(headers, "x-linked-size")
            .or_else(|| status.is_success().then(|| text(headers, CONTENT_LENGTH.as_str()))?)
            .and_then(|size| size.parse().ok());
        let hash = etag.and_then(ContentHash::parse).ok_or_else(|| HubError::UnexpectedAnswer {
            url: url.to_string(),
            what: format!("its ETag ({}) is neither a SHA-256 nor a git blob id", etag.unwrap_or("none")),
        })?;
        Ok(FileFacts { url, hash, size })
    }

    /// Requests the content from byte `start` on. The answer has status 200 (the whole file), 206 (the rest)
    /// or 416 (there is no rest); any other status is an error.
    pub(crate) fn content(
        &self,
        kind: Kind,
        id: &RepositoryId,
        file: &str,
        url: &Url,
        start: u64,
    ) -> Result<Response, Refused> {
        let mut request = self.request(&self.downloads, Method::GET, url);
        if start > 0 {
            request = request.header(RANGE, format!("bytes={start}-"));
        }
        let answer = request
            .send()
            .map_err(|error| HubError::transport(url.as_str(), self.download_timeout, error))?;
        if matches!(answer.status().as_u16(), 200 | 206 | 416) {
            return Ok(answer);
        }
        let retry_after = text(answer.headers(), RETRY_AFTER.as_str())
            .and_then(|seconds| seconds.trim().parse().ok())
            .map(Duration::from_secs);
        Err(Refused { error: self.refusal(kind, id, Some(file), &answer), retry_after })
    }

    /// The error of a download's body that could not be read to its end.
    pub(crate) fn broken_download(&self, url: &Url, error: io::Error) -> HubError {
        HubError::body(url.as_str(), self.download_timeout, error)
    }

    fn request(&self, client: &Client, method: Method, url: &Url) -> reqwest::blocking::RequestBuilder {
        // A compressed body has another length than the file.
        let request = client.request(method, url.clone()).header(ACCEPT_ENCODING, "identity");
        match &self.token {
            // The client drops the token where a redirect leads to another host.
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// `{endpoint}/api/models/owner/name/revision/main`; the revision is one segment (`refs%2Fpr%2F1`).
    fn listing_url(&self, kind: Kind, id: &RepositoryId) -> Result<Url, HubError> {
        let name = id.id().split('/');
        self.url(["api", kind.plural()].into_iter().chain(name).chain(["revision", id.revision()]))
    }

    fn file_url(&self, kind: Kind, listing: &Listing, file: &str) -> Result<Url, HubError> {
        let prefix = (kind == Kind::Dataset).then(|| kind.plural());
        let name = listing.canonical.split('/');
        self.url(prefix.into_iter().chain(name).chain(["resolve", &listing.commit]).chain(file.split('/')))
    }

    /// The endpoint with these segments added to its path.
    fn url<'a>(&self, segments: impl Iterator<Item = &'a str>) -> Result<Url, HubError> {
        let wrong = || invalid_endpoint(&self.endpoint);
        let mut url = Url::parse(&self.endpoint).map_err(|_| wrong())?;
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(segments);
        Ok(url)
    }

    /// The error that a refusal means, as in `huggingface_hub`'s `hf_raise_for_status`.
    fn refusal(&self, kind: Kind, id: &RepositoryId, file: Option<&str>, answer: &Response) -> HubError {
        self.meaning(kind, id, file, &Answer::of(answer))
    }

    fn meaning(&self, kind: Kind, id: &RepositoryId, file: Option<&str>, answer: &Answer) -> HubError {
        let message = answer.message.as_deref();
        let repository_not_found =
            || HubError::RepositoryNotFound { kind, id: id.id().to_owned(), endpoint: self.endpoint.clone() };
        match (answer.code.as_deref(), answer.status) {
            (Some("RevisionNotFound"), _) => {
                HubError::RevisionNotFound { id: id.id().to_owned(), revision: id.revision().to_owned() }
            }
            (Some("EntryNotFound"), _) => HubError::FileNotFound {
                id: id.id().to_owned(),
                file: file.unwrap_or_default().to_owned(),
                available: Vec::new(),
            },
            (Some("GatedRepo"), _) => {
                HubError::Gated { id: id.id().to_owned(), endpoint: self.endpoint.clone() }
            }
            (Some("RepoNotFound"), _) => repository_not_found(),
            // Without a token the hub answers 401 for a repository that does not exist, too.
            (_, 401)
                if self.token.is_none() && message != Some("Invalid credentials in Authorization header") =>
            {
                repository_not_found()
            }
            (_, 401 | 403) => HubError::Unauthorized {
                id: id.id().to_owned(),
                status: answer.status,
                message: message.unwrap_or("no reason given").to_owned(),
            },
            (_, 404) => match file {
                Some(file) => HubError::FileNotFound {
                    id: id.id().to_owned(),
                    file: file.to_owned(),
                    available: Vec::new(),
                },
                None => repository_not_found(),
            },
            _ => HubError::Status {
                url: answer.url.clone(),
                status: answer.status,
                message: answer.message.clone(),
            },
        }
    }
}

/// The parts of a refusal that determine the error.
struct Answer {
    url: String,
    status: u16,
    /// `X-Error-Code`
    code: Option<String>,
    /// `X-Error-Message`, or the `error` of a body of JSON.
    message: Option<String>,
}

impl Answer {
    /// The parts that stand in the head.
    fn of(answer: &Response) -> Self {
        let header = |name| text(answer.headers(), name).map(str::to_owned);
        Self {
            url: answer.url().to_string(),
            status: answer.status().as_u16(),
            code: header("x-error-code"),
            message: header("x-error-message"),
        }
    }
}

/// The reason in the body of a refusal, as in `{"error": "..."}`.
fn stated_error(answer: Response) -> Option<String> {
    #[derive(Deserialize)]
    struct Stated {
        error: String,
    }
    let mut body = Vec::new();
    answer.take(MAX_REFUSAL).read_to_end(&mut body).ok()?;
    Some(serde_json::from_slice::<Stated>(&body).ok()?.error)
}

/// A download that the hub did not begin.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: HubError,
    /// The wait that the hub asks for (`Retry-After`).
    pub(crate) retry_after: Option<Duration>,
}

impl From<HubError> for Refused {
    fn from(error: HubError) -> Self {
        Self { error, retry_after: None }
    }
}

fn invalid_endpoint(endpoint: &str) -> HubError {
    HubError::InvalidSetting {
        name: "HF_ENDPOINT",
        value: endpoint.to_owned(),
        reason: "an address such as https://huggingface.co is expected",
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
