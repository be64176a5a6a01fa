//! Which page a request gets.

use hyper::header::HeaderValue;
use hyper::{Method, StatusCode};

use super::v3::Metrics;
use super::{Status, health, json, prometheus};

/// An answer before it is one of HTTP's.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) code: StatusCode,
    pub(super) content_type: HeaderValue,
    pub(super) body: String,
}

/// The answer to a request.
pub(super) fn page(status: &Status, method: &Method, path: &str) -> Page {
    let make = match path {
        "/" => v3,
        "/status" => own,
        "/metrics" => metrics,
        "/healthz" => alive,
        "/readyz" => ready,
        _ => return Page::text(StatusCode::NOT_FOUND, format!("there are {PATHS}\n")),
    };
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Page::text(StatusCode::METHOD_NOT_ALLOWED, format!("there are {ALLOWED}\n"));
    }
    make(status)
}

fn v3(status: &Status) -> Page {
    Page::json(&Metrics::of(&status.view()))
}

fn own(status: &Status) -> Page {
    Page::json(&json::Page::of(&status.view()))
}

fn metrics(status: &Status) -> Page {
    let body = prometheus::page(&status.view());
    Page {
        code: StatusCode::OK,
        content_type: HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
        body,
    }
}

/// A process that answers is alive: what cannot go on ends it.
fn alive(_: &Status) -> Page {
    Page::text(StatusCode::OK, "ok\n".to_owned())
}

fn ready(status: &Status) -> Page {
    let objections = health::objections(&status.view());
    if objections.is_empty() {
        return Page::text(StatusCode::OK, "ready\n".to_owned());
    }
    Page::text(StatusCode::SERVICE_UNAVAILABLE, objections.join("\n") + "\n")
}

impl Page {
    fn json(value: &impl serde::Serialize) -> Self {
        let content_type = HeaderValue::from_static("application/json");
        match serde_json::to_string(value) {
            Ok(body) => Self { code: StatusCode::OK, content_type, body: body + "\n" },
            Err(error) => Self::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }

    fn text(code: StatusCode, body: String) -> Self {
        Self { code, content_type: HeaderValue::from_static("text/plain; charset=utf-8"), body }
    }
}

/// All there are, for those who look for another one.
pub(super) const PATHS: &str = "/, /status, /metrics, /healthz, /readyz";
/// The methods of all pages, as the `Allow` header has them.
pub(super) const ALLOWED: &str = "GET, HEAD";
