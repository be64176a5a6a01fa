//! The HTTP server: few connections, short ones.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::Status;
use super::pages::{ALLOWED, PATHS, Page, page};
use crate::exit::{Exit, Failure};

/// Sockets that listen, and are not served yet.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<TcpListener>,
    patience: Duration,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("the status cannot be served on {address}, as [advanced] status_port or metrics_port asks for")]
pub struct ListenError {
    address: SocketAddr,
    source: io::Error,
}

impl From<ListenError> for Failure {
    fn from(error: ListenError) -> Self {
        Failure::of(Exit::Refused, error)
    }
}

impl Server {
    /// Listens on each of the addresses.
    ///
    /// # Errors
    /// When one of them is taken, or is none of this machine's.
    pub async fn listen(addresses: &[SocketAddr]) -> Result<Self, ListenError> {
        let mut listeners = Vec::with_capacity(addresses.len());
        for &address in addresses {
            let listener = TcpListener::bind(address).await;
            listeners.push(listener.map_err(|source| ListenError { address, source })?);
        }
        Ok(Self { listeners, patience: PATIENCE })
    }

    /// Answers until what is returned is dropped.
    #[must_use = "nothing is served when it is dropped"]
    pub fn serve(self, status: &Arc<Status>) -> JoinSet<()> {
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let addresses: Vec<_> = self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        if !addresses.is_empty() {
            let urls: Vec<_> = addresses.iter().map(|address| format!("http://{address}")).collect();
            info!("status served at {}: {PATHS}", urls.join(" and "));
        }
        let serve = |listener| accept(listener, status.clone(), places.clone(), self.patience);
        self.listeners.into_iter().map(serve).collect()
    }
}

/// Takes connections as long as there is a place for them; further ones wait in the system's queue.
async fn accept(listener: TcpListener, status: Arc<Status>, places: Arc<Semaphore>, patience: Duration) {
    let mut connections = JoinSet::new();
    while let Ok(place) = places.clone().acquire_owned().await {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let status = status.clone();
                connections.spawn(async move {
                    let _place = place;
                    answer(stream, status, patience).await;
                });
            }
            Err(error) => {
                warn!("a connection to the status port is not taken: {error}");
                // Too many open files, most often: there is no point in trying at once.
                sleep(PAUSE).await;
            }
        }
    }
}

/// One request and its answer: what a client keeps open, sends slowly or does not read must not last.
async fn answer(stream: TcpStream, status: Arc<Status>, patience: Duration) {
    let service = service_fn(move |request: Request<Incoming>| {
        let page = page(&status, request.method(), request.uri().path());
        async move { Ok::<_, Infallible>(response(page)) }
    });
    let mut http = http1::Builder::new();
    http.keep_alive(false).timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(MOST_HEADER);
    // Neither a client that leaves nor one that is too slow is worth a line.
    let _ = timeout(2 * patience, http.serve_connection(TokioIo::new(stream), service)).await;
}

fn response(page: Page) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(page.body)));
    *response.status_mut() = page.code;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, page.content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if page.code == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static(ALLOWED));
    }
    response
}

/// A scraper or two and the probes have room, whatever else hangs on.
const MOST_CONNECTIONS: usize = 32;
/// How long a client may take to ask; twice as long for all.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest request there is any need for, in bytes.
const MOST_HEADER: usize = 16 << 10;
const PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::status::tests::facts;

    async fn serve() -> (SocketAddr, JoinSet<()>) {
        let server = Server::listen(&["127.0.0.1:0".parse().unwrap()]).await.unwrap();
        let server = Server { patience: Duration::from_millis(100), ..server };
        let address = server.listeners[0].local_addr().unwrap();
        (address, server.serve(&Arc::new(Status::new(facts()))))
    }

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn paths_and_methods() {
        let (address, _serving) = serve().await;
        for (request, code, words) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200, "\"entry_id\":0"),
            ("GET /status?pretty HTTP/1.1\r\nHost: x\r\n\r\n", 200, "paris>>tokyo"),
            ("GET /metrics HTTP/1.0\r\n\r\n", 200, "shake_links 0\n"),
            ("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200, "\r\n\r\nok\n"),
            ("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", 503, "starting"),
            ("GET /status/ HTTP/1.1\r\nHost: x\r\n\r\n", 404, "/readyz"),
            ("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404, "/readyz"),
            ("POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 405, "allow: GET, HEAD\r\n"),
            ("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405, "allow: GET, HEAD\r\n"),
            ("nonsense\r\n\r\n", 400, "HTTP/1.1 400"),
        ] {
            let answer = ask(address, request).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.{} {code}", if request.contains("1.0") { 0 } else { 1 })),
                "{request}: {answer}"
            );
            assert!(answer.contains(words), "{request}: {answer}");
        }
        let head = ask(address, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(head.contains("content-length: 3\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    }

    #[tokio::test]
    async fn idle_clients_do_not_keep_others_out() {
        let (address, _serving) = serve().await;
        let mut idle = Vec::new();
        for _ in 0..2 * MOST_CONNECTIONS {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HT").await.unwrap();
            idle.push(stream);
        }
        let answer = ask(address, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(answer.ends_with("\r\n\r\nok\n"), "{answer}");
        for stream in &mut idle {
            // The end of the connection, with or without an answer before it.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    }

    #[tokio::test]
    async fn an_address_in_use_is_named() {
        let (address, _serving) = serve().await;
        let failure = Failure::from(Server::listen(&[address]).await.unwrap_err());
        assert_eq!(failure.exit(), Exit::Refused);
        let line = failure.line();
        assert!(line.starts_with(&format!("the status cannot be served on {address}, as ")), "{line}");
        assert!(line.contains("in use"), "{line}");
    }
}
